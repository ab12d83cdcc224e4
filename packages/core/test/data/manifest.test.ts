import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import {
  everyCaption,
  joinCaptions,
  type ManifestOptions,
  manifest,
  oneCaption,
  padded,
  pipeline,
  type Row,
  splitByGroup,
  splitOf,
} from '../../src/data/index.js';
import { temporaryFolder } from './temporary.js';

const folder = temporaryFolder();
let count = 0;
const read = (extension: string, content: string | Uint8Array, options: ManifestOptions = {}) =>
  manifest(folder.write(`file-${count++}${extension}`, content), options).toArray();

describe('manifest', () => {
  it('reads CSV with quotes, commas, line ends and a byte order mark inside', async () => {
    const csv =
      '\ufefftext,image,label,domain,split,group,note\r\n"A ""red"" fox, running",a/1.png,fox,photo,train,7,n\r\n"two\nlines",,cat,,,,\r\n';
    const rows = await read('.csv', csv);
    expect(rows).toHaveLength(2);
    const [first, second] = rows as [Row, Row];
    expect(first).toMatchObject({
      text: 'A "red" fox, running',
      texts: ['A "red" fox, running'],
      label: 'fox',
      domain: 'photo',
      split: 'train',
      group: '7',
    });
    expect(first.image).toBe(join(folder.path, 'a/1.png'));
    expect(first.fields).toEqual({ note: 'n' });
    expect(first.origin).toMatch(/file-\d+\.csv, line 2$/);
    expect(second).toMatchObject({ text: 'two\nlines', image: undefined, label: 'cat', domain: undefined });
  });

  it('reads TSV literally, so that quotation marks are text', async () => {
    const tsv = 'audio\ttext\n/abs/1.wav\t"Hello," she said\n2.wav\t  spaces stay \n';
    const rows = await read('.tsv', tsv, { root: '/elsewhere' });
    expect(rows.map(({ audio, text }) => [audio, text])).toEqual([
      ['/abs/1.wav', '"Hello," she said'],
      ['/elsewhere/2.wav', '  spaces stay '],
    ]);
    const quoted = await read('.tsv', 'text\n"a\tb"\n', { quote: '"' });
    expect(quoted[0]?.text).toBe('a\tb');
  });

  it('reads a file without a header, and columns of other names, several of them captions', async () => {
    const rows = await read('.tsv', 'hello\t1.wav\n', { header: ['text', 'audio'] });
    expect(rows[0]).toMatchObject({ text: 'hello', audio: join(folder.path, '1.wav') });
    const captions = await read('.csv', 'file,one,two\n1.png,a dog,\n2.png,a cat,the cat\n', {
      columns: { image: 'file', text: ['one', 'two'] },
    });
    expect(captions.map(({ texts }) => texts)).toEqual([['a dog'], ['a cat', 'the cat']]);
  });

  it('reads JSON lines: lists of captions, numbers, missing keys, blank lines, no last line end', async () => {
    const rows = await read(
      '.jsonl',
      '{"text":["a","b"],"image":"1.png","label":3,"extra":{"x":1}}\n\n{"audio":"2.wav","text":null}',
    );
    expect(rows[0]).toMatchObject({ text: 'a', texts: ['a', 'b'], label: '3', fields: { extra: { x: 1 } } });
    expect(rows[1]).toMatchObject({ texts: [], text: undefined, audio: join(folder.path, '2.wav') });
    expect(rows[1]?.origin).toMatch(/line 3$/);
  });

  it('streams: the first rows come although a later one is broken, and any start is reachable', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `{"text":"row ${i}"}`);
    const path = folder.write('long.jsonl', `${lines.join('\n')}\n{broken\n`);
    const first = await manifest(path).take(3).toArray();
    expect(first.map(({ text }) => text)).toEqual(['row 0', 'row 1', 'row 2']);
    for await (const row of manifest(path).iterateFrom(0, 4321)) {
      expect(row.text).toBe('row 4321');
      break;
    }
    await expect(manifest(path).toArray()).rejects.toThrow(
      /long\.jsonl, line 5001: is not JSON .*; each line must be one JSON object/,
    );
  });

  it('multi-byte characters may straddle the pieces in which the file is read', async () => {
    const text = '🐙é漢'.repeat(30_000);
    const rows = await read('.jsonl', `${JSON.stringify({ text })}\n${JSON.stringify({ text: `x${text}` })}\n`);
    expect(rows.map((row) => row.text)).toEqual([text, `x${text}`]);
    const csv = await read('.csv', `text\n${text}\n`);
    expect(csv[0]?.text).toBe(text);
  });

  const table = 'text,image\na,1.png\n';
  it.each<[string, () => unknown, RegExp]>([
    [
      'a file that does not exist',
      () => manifest(join(folder.path, 'none.csv')).toArray(),
      /none\.csv: does not exist; check the path/,
    ],
    ['a folder', () => manifest(folder.path, { format: 'csv' }).toArray(), /is a folder/],
    [
      'an unknown extension',
      async () => manifest('a.xlsx'),
      /a\.xlsx: is not called .csv, .tsv or .jsonl; pass format/,
    ],
    ['an empty CSV', () => read('.csv', ''), /is empty; the first line must name the columns/],
    ['an empty JSONL', () => read('.jsonl', '\n\n'), /is empty/],
    ['too few fields', () => read('.csv', `${table}b\n`), /line 3: has 1 fields, the header has 2; enclose/],
    ['too many fields', () => read('.tsv', 'text\na\tb\n'), /line 2: has 2 fields.*replace tabs/],
    ['an open quote', () => read('.csv', `${table}"b,2.png\n`), /line 3: .*[Qq]uot/],
    ['a quote in the middle', () => read('.csv', `${table}b"c,2.png\n`), /line 3: .*[Qq]uot/],
    [
      'a column that is not there',
      () => read('.csv', table, { columns: { audio: 'sound' } }),
      /no column "sound", the columns are text, image; correct/,
    ],
    [
      'no useful column',
      () => read('.csv', 'a,b\n1,2\n'),
      /no column holds text, image or audio, the columns are a, b; name them/,
    ],
    ['two columns of one name', () => read('.csv', 'text,text\na,b\n'), /two columns called "text"/],
    [
      'a required part',
      () => read('.csv', `${table}b,\n`, { require: ['image'] }),
      /line 3: "image" is empty, and image is required/,
    ],
    [
      'nothing in a row',
      () => read('.csv', 'text,image,label\n,,x\n'),
      /line 2: the row has neither text nor image nor audio/,
    ],
    [
      'a row that is too long',
      () => read('.csv', `text\n${'x'.repeat(500)}\n`, { maximumRow: 100 }),
      /line \d: has more than 100 characters/,
    ],
    [
      'a line that is too long',
      () => read('.jsonl', `{"text":"${'x'.repeat(500)}"}`, { maximumRow: 100 }),
      /line 1: has more than 100/,
    ],
    ['a list as a line', () => read('.jsonl', '[1]\n'), /line 1: must be a JSON object, got a list/],
    [
      'an object as text',
      () => read('.jsonl', '{"text":{"a":1}}\n'),
      /line 1: "text" must be text or a number, got an object/,
    ],
    ['a number among captions', () => read('.jsonl', '{"text":["a",5]}\n'), /must be a list of texts, got 5/],
    [
      'bytes that are not UTF-8',
      () => read('.csv', Buffer.from([0x74, 0xff, 0xfe, 0x0a])),
      /is not UTF-8 text; save it as UTF-8/,
    ],
    [
      'a cut character at the end',
      () => read('.jsonl', Buffer.concat([Buffer.from('{"text":"a"}\n'), Buffer.from([0xe6, 0xbc])])),
      /not UTF-8/,
    ],
    ['a binary file', () => read('.csv', Buffer.from('text\na\0b\n')), /holds zero bytes/],
  ])('refuses %s', async (_, run, message) => {
    await expect((async () => run())()).rejects.toThrow(message);
  });

  it('refuses options and roles that do not exist', () => {
    const open = (options: object) => () => manifest('a.csv', options);
    expect(open({ colums: {} })).toThrow(/manifest: there is no option 'colums', .*; did you mean 'columns'\?/);
    expect(open({ columns: { imgae: 'file' } })).toThrow(
      "manifest: columns: there is no role 'imgae', the roles are text, image, audio, label, domain, split, group; did you mean 'image'?",
    );
    expect(open({ require: ['picture'] })).toThrow("manifest: require: there is no role 'picture'");
  });

  it('says the path once, and names the line of a row whose file another function could not read', async () => {
    const path = folder.write('once.csv', `${table}b,2.png\n,\n`);
    await expect(manifest(path).toArray()).rejects.toThrow(
      `manifest: ${path}, line 4: the row has neither text nor image nor audio; drop the row, or name the columns`,
    );
    const batches = manifest(path)
      .take(2)
      .batch(2)
      .map((rows) => {
        throw new Error(`${rows[1]?.image as string} does not exist`);
      });
    await expect(batches.toArray()).rejects.toThrow(`2.png does not exist (item from ${path}, line 3)`);
  });

  it('names that JavaScript objects inherit are ordinary columns', async () => {
    const rows = await read('.jsonl', '{"__proto__":{"text":"no"},"constructor":"x","text":"yes"}\n');
    expect(rows[0]).toMatchObject({ text: 'yes', texts: ['yes'] });
    expect(({} as Record<string, unknown>)['text']).toBeUndefined();
    await expect(read('.jsonl', '{"toString":"x"}\n')).rejects.toThrow(/neither text/);
  });

  it('refuses relative paths that leave the folder, and takes absolute ones and those above from `root`', async () => {
    for (const path of ['../secret.png', 'a/../../secret.png', '..']) {
      await expect(read('.csv', `text,image\nfine,a/1.png\nred,${path}\n`)).rejects.toThrow(
        /line 3: image ".*" lies outside of the folder .*root/s,
      );
    }
    const rows = await read('.csv', 'text,image\none,..png\ntwo,a/../b.png\nthree,/data/c.png\n');
    expect(rows.map(({ image }) => image)).toEqual([
      join(folder.path, '..png'),
      join(folder.path, 'b.png'),
      '/data/c.png',
    ]);
    const [above] = await read('.csv', 'text,image\nred,d/../e.png\n', { root: join(folder.path, '..') });
    expect(above!.image).toBe(join(folder.path, '..', 'e.png'));
  });
});

describe('captions', () => {
  const row = (image: string, ...texts: string[]): Row => ({ origin: image, image, text: texts[0], texts, fields: {} });

  it('one pair per caption, or one caption per epoch', async () => {
    const rows = [row('1.png', 'a', 'b', 'c'), row('2.png', 'd'), row('3.png')];
    const pairs = await pipeline(rows).expand(everyCaption).toArray();
    expect(pairs.map(({ image, text }) => `${image} ${text}`)).toEqual([
      '1.png a',
      '1.png b',
      '1.png c',
      '2.png d',
      '3.png undefined',
    ]);
    const drawn = new Set<string | undefined>();
    for (let epoch = 0; epoch < 20; epoch++) {
      const [first, second] = await pipeline(rows).map(oneCaption, { seed: 1 }).toArray({ epoch });
      drawn.add(first?.text);
      expect(second?.text).toBe('d');
    }
    expect([...drawn].sort()).toEqual(['a', 'b', 'c']);
  });

  it('rows of one picture are joined', () => {
    const joined = joinCaptions([row('1.png', 'a'), row('2.png', 'b'), row('1.png', 'c')]);
    expect(joined.map(({ image, texts }) => [image, texts])).toEqual([
      ['1.png', ['a', 'c']],
      ['2.png', ['b']],
    ]);
    expect(() => joinCaptions([{ ...row('x'), image: undefined }])).toThrow(/no path of an image/);
  });
});

describe('splits by group', () => {
  const items = Array.from({ length: 300 }, (_, i) => ({ id: i, group: i % 60 }));
  const fractions = { train: 0.8, validation: 0.1, test: 0.1 };

  it('keeps groups together, loses nothing and meets the shares', () => {
    const splits = splitByGroup(items, fractions, { group: (item) => item.group, seed: 1 });
    expect([splits.train.length, splits.validation.length, splits.test.length]).toEqual([240, 30, 30]);
    const home = new Map<number, string>();
    for (const [name, part] of Object.entries(splits)) {
      for (const item of part) {
        expect(home.get(item.group) ?? name).toBe(name);
        home.set(item.group, name);
      }
    }
    expect([...splits.train, ...splits.validation, ...splits.test].map(({ id }) => id).sort((a, b) => a - b)).toEqual(
      items.map(({ id }) => id),
    );
    expect(splits.train.map(({ id }) => id)).toEqual([...splits.train.map(({ id }) => id)].sort((a, b) => a - b));
  });

  it('is seeded, and items without a group stand alone', () => {
    const ids = (seed: number) =>
      splitByGroup(items, fractions, { group: () => undefined, seed }).test.map(({ id }) => id);
    expect(ids(1)).toEqual(ids(1));
    expect(ids(1)).not.toEqual(ids(2));
    expect(ids(1)).toHaveLength(30);
  });

  it('one huge group goes where there is room for it', () => {
    const lump = [...Array(80).fill('lump'), ...Array.from({ length: 20 }, (_, i) => `single ${i}`)];
    const { train, test } = splitByGroup(lump, { train: 0.8, test: 0.2 }, { group: (name: string) => name });
    expect(train).toHaveLength(80);
    expect(test).not.toContain('lump');
  });

  it('splitOf depends on the name and the seed alone, and meets the shares on average', () => {
    const counts = { train: 0, test: 0 };
    for (let i = 0; i < 2000; i++) counts[splitOf(`group ${i}`, { train: 0.75, test: 0.25 }, { seed: 5 })]++;
    // Standard deviation 19: five of them.
    expect(Math.abs(counts.test - 500)).toBeLessThan(97);
    expect(splitOf('a', { train: 1, test: 0 })).toBe('train');
  });

  it('refuses fractions that do not sum to 1', () => {
    expect(() => splitByGroup(items, { train: 0.8, test: 0.1 }, { group: () => 1 })).toThrow(/sum 1, got/);
    expect(() => splitOf('a', { train: 1.5, test: -0.5 })).toThrow(/at least 0/);
  });
});

describe('the classic: subtitle <tab> path of the recording', () => {
  it('becomes bucketed batches of character codes', async () => {
    const subtitles = ['hi', 'no', 'good morning', 'x', 'see you later', 'yes', 'thank you all'];
    const path = folder.write('subtitles.tsv', subtitles.map((text, i) => `${text}\tclips/${i}.wav`).join('\n'));
    const data = manifest(path, { header: ['text', 'audio'], require: ['text', 'audio'] })
      .map((row) => ({
        ...row,
        codes: Array.from(row.text as string, (character) => character.codePointAt(0) as number),
      }))
      .filter((row) => row.codes.length >= 2)
      .shuffle({ seed: 1, buffer: 100 })
      .bucketByLength({ length: (row) => row.codes.length, boundaries: [4, 16], batchSize: 2 })
      .collate({ text: padded((row) => row.codes, { minimum: 4, maximum: 64 }) })
      .prefetch(2);
    const seen: string[] = [];
    for await (const { text } of data.iterate(0)) {
      const [rows = 0, length = 0] = text.values.shape;
      expect(length).toBeGreaterThanOrEqual(4);
      const codes = text.values.arraySync() as number[][];
      const mask = text.mask.arraySync();
      for (let i = 0; i < rows; i++)
        seen.push(String.fromCodePoint(...(codes[i] ?? []).filter((_, k) => mask[i]?.[k] === 1)));
      text.values.dispose();
      text.mask.dispose();
    }
    expect(seen.sort()).toEqual(subtitles.filter((text) => text.length >= 2).sort());
  });
});
