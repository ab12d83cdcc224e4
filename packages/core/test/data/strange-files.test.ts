import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  classFolder,
  groupNumbers,
  manifest,
  padded,
  pairedFolder,
  parseIdx,
  parseNpy,
  type Row,
  sampleRow,
  scalars,
  splitByGroup,
  splitOf,
  stacked,
  tarShards,
} from '../../src/data/index.js';
import { useDevice } from '../../src/device/index.js';

let folder: string;
beforeEach(async () => {
  await useDevice('js');
  folder = await mkdtemp(join(tmpdir(), 'crossmodal-strange-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array = 'x'): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A tar archive with the files in this order. */
async function tar(...names: string[]): Promise<string> {
  execFileSync('tar', ['cf', 'all.tar', ...names], { cwd: folder });
  return join(folder, 'all.tar');
}

const ids = ['1234567890123456788', '1234567890123456789', '-9223372036854775808', '18446744073709551615'];

describe('identifiers of 64 bits', () => {
  it('stay apart in JSON lines', async () => {
    const lines = ids.map(
      (id) => `{"text": "number 12345678901234567890 \\" ${id}", "group": ${id}, "more": [${id}, 1.5e300, 7]}`,
    );
    const rows = await manifest(await file('rows.jsonl', lines.join('\n'))).toArray();
    expect(rows.map((row) => row.group)).toEqual(ids);
    expect(rows[0]?.text).toBe('number 12345678901234567890 " 1234567890123456788');
    expect(rows[0]?.fields).toEqual({ more: [ids[0], 1.5e300, 7] });
    expect([...groupNumbers((row: Row) => row.group)(rows).dataSync()]).toEqual([0, 1, 2, 3]);
  });

  it('stay apart in the json of tar shards', async () => {
    for (const [i, id] of ids.entries()) await file(`${i}.json`, `{"group": ${id}, "text": "a"}`);
    const rows = await tarShards(await tar('0.json', '1.json', '2.json', '3.json'))
      .map(sampleRow())
      .toArray();
    expect(rows.map((row) => row.group)).toEqual(ids);
  });

  it('stay apart when they went through a column of floats', async () => {
    const lines = ['1234567890123456788.0', '1234567890123456789.0', '7.0', '1.5e300'].map(
      (id) => `{"text": "a", "group": ${id}}`,
    );
    const rows = await manifest(await file('rows.jsonl', lines.join('\n'))).toArray();
    expect(rows.map((row) => row.group)).toEqual(['1234567890123456788', '1234567890123456789', '7', '1.5e+300']);
  });

  it('stay apart in tables, which are texts anyway', async () => {
    const rows = await manifest(
      await file('rows.csv', ['text,group', ...ids.map((id) => `a,${id}`)].join('\n')),
    ).toArray();
    expect(rows.map((row) => row.group)).toEqual(ids);
  });

  it('are refused as numbers where they were rounded before they came', () => {
    const rounded = [{ id: Number(ids[0]) }, { id: Number(ids[1]) }];
    const shares = { train: 0.5, test: 0.5 };
    for (const bad of [rounded, [{ id: Number.NaN }], [{ id: 1.5 }]]) {
      expect(() => splitByGroup(bad, shares, { group: ({ id }) => id })).toThrow(
        'splitByGroup: group must be text or a whole number up to 2^53 - 1',
      );
    }
    expect(() => splitOf(Number(ids[0]) as never, shares)).toThrow('splitOf: group must be text');
    // A row without a group stands alone, whichever way it lacks it.
    const alone = Array.from({ length: 100 }, () => ({ id: null }));
    expect(splitByGroup(alone, shares, { group: ({ id }) => id }).train).toHaveLength(50);
    expect(splitByGroup([{ id: 1 }, { id: '1' }], shares, { group: ({ id }) => id }).train).toHaveLength(1);
  });

  it('leave what is no JSON what it is', async () => {
    for (const line of [
      '{"text": 01234567890123456789}',
      '{12345678901234567890: 1}',
      '{"text": 12345678901234567890x}',
    ]) {
      await expect(manifest(await file('rows.jsonl', line)).toArray()).rejects.toThrow('is not JSON');
    }
  });
});

describe('keys that come twice', () => {
  it('are refused in JSON lines and in the json of tar shards, whichever value a reader would take', async () => {
    const twice = '{"text": "a", "group": "x", "gr\\u006fup": "y"}';
    await expect(manifest(await file('rows.jsonl', twice)).toArray()).rejects.toThrow(
      /rows\.jsonl, line 1: is not JSON \(it has the key "group" twice\)/,
    );
    await file('0.json', twice);
    await expect(
      tarShards(await tar('0.json'))
        .map(sampleRow())
        .toArray(),
    ).rejects.toThrow('it has the key "group" twice');
    expect(
      await manifest(await file('rows.jsonl', '{"text": "a", "in": {"text": 1}, "text2": {"in": 1}}')).toArray(),
    ).toHaveLength(1);
  });
});

describe('columns', () => {
  const rows = (value: unknown) =>
    [
      { value: 1, id: 'a' },
      { value, id: 'b' },
    ] as { value: number; id: string }[];

  it('refuse numbers that a tensor would change', () => {
    const get = (row: { value: number }) => row.value;
    expect(() => scalars(get)(rows(1000092795))).toThrow(
      "scalars: each row must give a number that float32 holds, got 1000092795; pass dtype: 'int32', or use groupNumbers for identifiers",
    );
    expect([...scalars(get, { dtype: 'int32' })(rows(1000092795)).dataSync()]).toEqual([1, 1000092795]);
    expect([...scalars(get)(rows(0.1)).dataSync()]).toEqual([1, Math.fround(0.1)]);
    expect(() => scalars(get, { dtype: 'int32' })(rows(2 ** 31))).toThrow(
      'an integer that int32 holds, got 2147483648',
    );
    for (const bad of ['7', Number.NaN, undefined, true])
      expect(() => scalars(get)(rows(bad))).toThrow('a finite number, got');
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => stacked((row: { value: number }) => [row.value])(rows(bad))).toThrow(
        `stacked: values must be finite numbers, got ${bad} at index 0`,
      );
      expect(() => stacked((row: { value: number }) => Float32Array.of(row.value))(rows(bad))).toThrow(`got ${bad}`);
      expect(() => padded((row: { value: number }) => [row.value], { dtype: 'float32' })(rows(bad))).toThrow(
        `padded: values must be finite numbers, got ${bad}`,
      );
    }
    for (const bad of [1.5, 2 ** 31, Number.NaN, '3']) {
      expect(() => padded((row: { value: number }) => [row.value])(rows(bad))).toThrow(
        `padded: values must be integers that int32 holds, got ${bad}`,
      );
    }
  });

  it('refuse whole numbers that float32 rounds, and numbers beyond it', () => {
    const list = (row: { value: number }) => [row.value];
    for (const make of [
      () => stacked(list)(rows(16777217)),
      () => stacked((row: { value: number }) => ({ data: Int32Array.of(row.value), shape: [1] }))(rows(16777217)),
      () => padded(list, { dtype: 'float32' })(rows(16777217)),
    ]) {
      expect(make).toThrow(/values must be numbers that float32 holds, got 16777217 at index 0/);
    }
    for (const make of [
      () => stacked(list)(rows(1e300)),
      () => padded(list, { dtype: 'float32' })(rows(-1e39 - 0.5)),
      () => scalars((row: { value: number }) => row.value)(rows(1e39)),
    ]) {
      expect(make).toThrow(/numbers? that float32 holds, got -?1e\+/);
    }
    // Scaled first, in double precision.
    const scaled = stacked((row: { value: number }) => ({ data: Int32Array.of(row.value), shape: [1] }), {
      scale: 2 ** -30,
    });
    expect([...scaled(rows(2 ** 30 + 1)).dataSync()]).toEqual([2 ** -30, 1]);
  });

  it('refuse options that make no sense', () => {
    const list = (row: { value: number }) => [row.value];
    expect(() => stacked(list, { scale: Number.NaN })).toThrow(
      'stacked: scale, mean and standardDeviation must be finite',
    );
    expect(() => stacked(list, { mean: [Number.POSITIVE_INFINITY] })).toThrow('must be finite');
    expect(() => stacked(list, { dtype: 'int32', scale: 1 / 255 })).toThrow('make fractions, which int32 cannot hold');
    expect(() => padded(list, { multiple: 0 })).toThrow('padded: multiple must be an integer of at least 1, got 0');
    expect(() => padded(list, { maximum: 2.5 })).toThrow('padded: maximum must be an integer');
    expect(() => padded(list, { value: 0.5 })).toThrow(
      'padded: value: values must be integers that int32 holds, got 0.5',
    );
  });

  it('number the groups of a batch', () => {
    const groups = (values: unknown[]) => [...groupNumbers((value: unknown) => value as string)(values).dataSync()];
    expect(groups([2 ** 53 - 2, 2 ** 53 - 1, 2 ** 53 - 2])).toEqual([0, 1, 0]);
    expect(groups(['a', undefined, 'a', undefined, null])).toEqual([0, 1, 0, 2, 3]);
    for (const bad of [Number.NaN, 2 ** 53, 1.5, {}])
      expect(() => groups(['a', bad])).toThrow('groupNumbers: identifiers must be whole numbers');
  });
});

describe('tar shards', () => {
  it('whose samples do not stand together are refused', async () => {
    for (const name of ['a.png', 'b.png', 'a.txt', 'b.txt']) await file(name);
    const scattered = tarShards(await tar('a.png', 'b.png', 'a.txt', 'b.txt'));
    await expect(scattered.toArray()).rejects.toThrow(
      /all\.tar: the members of sample "a" do not stand together: "a\.txt" comes after another sample; pack the files sorted/,
    );
    expect(await tarShards(await tar('a.png', 'a.txt', 'b.png', 'b.txt')).toArray()).toHaveLength(2);
  });

  it('may be packed with a point before their names', async () => {
    for (const name of ['a.png', 'a.txt']) await file(name);
    execFileSync('tar', ['cf', 'all.tar', './a.png', 'a.txt'], { cwd: folder });
    const [sample, more] = await tarShards(join(folder, 'all.tar')).toArray();
    expect(more).toBeUndefined();
    expect([sample?.key, [...(sample?.members.keys() ?? [])]]).toEqual(['a', ['png', 'txt']]);
  });

  it('of links say how to pack the files themselves', async () => {
    await file('a.png');
    await link(join(folder, 'a.png'), join(folder, 'b.png'));
    await symlink('a.png', join(folder, 'c.png'));
    await expect(tarShards(await tar('a.png', 'b.png')).toArray()).rejects.toThrow('tar --hard-dereference');
    await expect(tarShards(await tar('a.png', 'c.png')).toArray()).rejects.toThrow('tar --dereference');
  });

  it('with several dots in their names are read as WebDataset says, or refused', async () => {
    for (const name of ['a.png', 'a.seg.png', 'photo.1.png', 'photo.1.txt', 'photo.2.png']) await file(name);
    const [sample] = await tarShards(await tar('a.png', 'a.seg.png')).toArray();
    expect([...(sample?.members.keys() ?? [])]).toEqual(['png', 'seg.png']);
    const dotted = tarShards(await tar('photo.1.png', 'photo.1.txt', 'photo.2.png')).map(sampleRow());
    await expect(dotted.toArray()).rejects.toThrow('its member "1.png" has more than one dot in its name');
  });
});

describe('folders', () => {
  it('may be links, of classes and inside of them', async () => {
    await file('elsewhere/1.jpg');
    await file('elsewhere/deep/2.jpg');
    await file('data/dog/3.jpg');
    await symlink(join(folder, 'elsewhere'), join(folder, 'data', 'cat'));
    await symlink(join(folder, 'elsewhere', 'deep'), join(folder, 'data', 'dog', 'more'));
    await symlink(join(folder, 'data'), join(folder, 'data', 'dog', 'around'));
    const { rows, classes } = await classFolder(join(folder, 'data'));
    expect(classes).toEqual(['cat', 'dog']);
    expect(rows.map((row) => [row.label, String(row.image).split('/').at(-1)])).toEqual(
      expect.arrayContaining([
        ['cat', '1.jpg'],
        ['cat', '2.jpg'],
        ['dog', '3.jpg'],
        ['dog', '2.jpg'],
      ]),
    );
    await file('pairs/a.txt');
    await symlink(join(folder, 'elsewhere'), join(folder, 'pairs', 'linked'));
    const pairs = await (await pairedFolder(join(folder, 'pairs'))).toArray();
    expect(pairs.map((row) => row.image ?? row.text)).toContain(join(folder, 'pairs', 'linked', '1.jpg'));
    await symlink(join(folder, 'nowhere'), join(folder, 'data', 'bird'));
    await expect(classFolder(join(folder, 'data'))).rejects.toThrow(
      /bird: is a link that leads nowhere; correct or remove/,
    );
  });

  it('hold pictures by all their names, and name those that are not read', async () => {
    for (const name of ['a.jfif', 'b.JPE', 'c.wave', 'notes.md', 'labels.csv']) await file(`data/x/${name}`);
    const { rows } = await classFolder(join(folder, 'data'));
    expect(rows.map((row) => row.image ?? row.audio)).toHaveLength(3);
    await file('data/x/d.bmp');
    await expect(classFolder(join(folder, 'data'))).rejects.toThrow(
      /d\.bmp: is of a kind that is not read; convert it/,
    );
    await expect(pairedFolder(join(folder, 'data'))).rejects.toThrow(/d\.bmp: is of a kind that is not read/);
  });

  it('pair names in different forms of Unicode', async () => {
    await file(`pairs/${'café'.normalize('NFC')}.png`);
    await file(`pairs/${'café'.normalize('NFD')}.txt`, 'a coffee house');
    const rows = await (await pairedFolder(join(folder, 'pairs'), { require: ['image', 'text'] })).toArray();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      text: 'a coffee house',
      image: join(folder, 'pairs', `${'café'.normalize('NFC')}.png`),
    });
    for (const form of ['NFC', 'NFD']) await file(`classes/${'é'.normalize(form)}/1.png`);
    await expect(classFolder(join(folder, 'classes'))).rejects.toThrow('in different forms of Unicode');
    await rm(join(folder, 'classes', 'é'.normalize('NFC')), { recursive: true });
    expect((await classFolder(join(folder, 'classes'))).classes).toEqual(['é'.normalize('NFC')]);
  });
});

describe('numbers of 64 bits in files of arrays', () => {
  /** A .npy file of float64. */
  const npy = (values: readonly number[]) => {
    const header = `${`{'descr': '<f8', 'fortran_order': False, 'shape': (${values.length},), }`.padEnd(117)}\n`;
    return Uint8Array.from(
      Buffer.concat([
        Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
        Buffer.from(header, 'latin1'),
        new Uint8Array(Float64Array.from(values).buffer),
      ]),
    );
  };
  /** An IDX file of float64. */
  const idx = (values: readonly number[]) => {
    const bytes = new Uint8Array(8 + 8 * values.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x0e01);
    view.setUint32(4, values.length);
    values.forEach((value, i) => {
      view.setFloat64(8 + 8 * i, value);
    });
    return bytes;
  };

  it.each([
    ['readNpy', (values: readonly number[]) => parseNpy(npy(values))],
    ['readIdx', (values: readonly number[]) => parseIdx(idx(values))],
  ])('%s refuses identifiers that float32 would merge, and what it cannot hold', (name, read) => {
    expect(() => read([16777216, 16777217])).toThrow(
      `${name}: bytes: holds 16777217, which does not fit into float32; number identifiers anew from 0`,
    );
    expect(() => read([Number.NaN, 16777217])).toThrow('holds 16777217'); // a column with gaps
    expect(() => read([0.5, 1e300])).toThrow('holds 1e+300');
    expect([...read([0.1, 16777217, Number.NaN, Number.NEGATIVE_INFINITY]).data]).toEqual(
      [0.1, 16777217, Number.NaN, Number.NEGATIVE_INFINITY].map(Math.fround),
    );
    expect([...read([16777216, 2 ** 40]).data]).toEqual([16777216, 2 ** 40]);
  });
});

describe('lines', () => {
  it('end as they end on each system', async () => {
    const lines = ['{"text": "one"}', '{"text": "two"}', '{"text": "three"}'];
    for (const end of ['\n', '\r\n', '\r']) {
      const rows = await manifest(await file('rows.jsonl', lines.join(end))).toArray();
      expect(rows.map(({ text, origin }) => [text, origin.split(', ')[1]])).toEqual([
        ['one', 'line 1'],
        ['two', 'line 2'],
        ['three', 'line 3'],
      ]);
      await file('pairs/a.txt', `one${end}two${end}`);
      const [row] = await (await pairedFolder(join(folder, 'pairs'))).toArray();
      expect(row?.texts).toEqual(['one', 'two']);
    }
  });

  it('count right where a piece of the file ends between the two characters of an end', async () => {
    // Files are read 64 KiB at a time.
    const first = `{"text": "${'x'.repeat(65536 - 14)}"}`;
    const path = await file('rows.jsonl', `${first} \r\n{"text": "two"}\r\n\r\n{"text": 3`);
    await expect(manifest(path).toArray()).rejects.toThrow('rows.jsonl, line 4: is not JSON');
  });
});

describe('tables', () => {
  const texts = async (content: string, options = {}, name = 'rows.csv') =>
    (await manifest(await file(name, content), options).toArray()).map(({ image, text }) => [
      image?.toString().split('/').at(-1),
      text,
    ]);
  const both = [
    ['a.jpg', 'one'],
    ['b.jpg', 'two'],
  ];

  it.each([
    ['empty columns behind', 'image,text,,\na.jpg,one,,\nb.jpg,two,,\n'],
    ['empty columns behind in some rows', 'image,text\na.jpg,one,,\nb.jpg,two\n'],
    ['a column without a name', ',image,,text\n1,a.jpg,x,one\n2,b.jpg,,two\n'],
    ['a byte order mark and Windows lines', '\ufeffimage,text\r\na.jpg,one\r\nb.jpg,two\r\n'],
    ['quotes', '"image","text"\n"a.jpg","one"\n"b.jpg","two"\n'],
  ])('with %s are read', async (_, content) => {
    expect(await texts(content)).toEqual(both);
  });

  it.each([
    ['semicolons', ';', 'csv'],
    ['tabs', '\t', 'csv'],
    ['bars', '|', 'csv'],
    ['commas', ',', 'tsv'],
  ])('with %s need a delimiter, and say so', async (_, delimiter, format) => {
    const content = ['image text', 'a.jpg one', 'b.jpg two'].join('\n').replaceAll(' ', () => delimiter);
    await expect(texts(content, {}, `rows.${format}`)).rejects.toThrow(`pass delimiter: ${JSON.stringify(delimiter)}`);
    expect(await texts(content, { delimiter }, `rows.${format}`)).toEqual(both);
    expect(await texts(`${content}${delimiter}${delimiter}`, { delimiter }, `rows.${format}`)).toEqual(both);
  });

  it('with values beyond the header are refused, and so are impossible delimiters', async () => {
    await expect(texts('image,text\na.jpg,one,more\n')).rejects.toThrow('line 2: has 3 fields, the header has 2');
    await expect(texts('image,text,note\na.jpg,one\n')).rejects.toThrow('line 2: has 2 fields, the header has 3');
    for (const delimiter of ['', ';;', '\n', '"']) {
      await expect(texts('image\na', { delimiter })).rejects.toThrow('manifest: delimiter must be one character');
    }
    await expect(texts('{}', { delimiter: ';' }, 'rows.jsonl')).rejects.toThrow('not with jsonl');
  });
});
