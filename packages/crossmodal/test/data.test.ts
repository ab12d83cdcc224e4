import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create } from 'tar';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectData } from '../src/data/inspect.js';
import { recogniseData } from '../src/data/recognise.js';
import type { ColumnChoice } from '../src/data/source.js';
import { picture, tone } from './pictures.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
let red: Buffer;
let blue: Buffer;

function put(path: string, content: string | Uint8Array): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

async function inspect(path: string, columns: ColumnChoice = {}) {
  const source = await recogniseData(join(root, path), { columns, cache: join(root, 'cache') });
  return inspectData(source);
}

beforeAll(async () => {
  red = await picture('red', 'circle');
  blue = await picture('blue', 'square');
});

describe('data are recognised', () => {
  it('as files with texts beside them, several lines being several captions', async () => {
    put('beside/a/1.png', red);
    put('beside/a/1.txt', 'a red circle\n\na circle that is red\n');
    put('beside/2.png', blue);
    put('beside/2.txt', 'a blue square');
    put('beside/2.wav', tone(440));
    const found = await inspect('beside');
    expect(found).toMatchObject({
      kind: 'files with texts beside them',
      items: 2,
      texts: { total: 3, distinct: 3 },
      broken: [],
    });
    expect(found.modalities).toEqual({ image: 2, text: 2, audio: 1 });
  });

  it('as class folders, whose names are the texts, below folders of splits', async () => {
    put('classes/train/baseball_diamond/1.png', red);
    put('classes/train/river/2.png', blue);
    put('classes/test/river/3.png', blue);
    const found = await inspect('classes');
    expect(found).toMatchObject({ kind: 'class folders', labels: 2, splits: { train: 2, test: 1 } });
    expect(found.usable.map(({ text }) => text)).toContain('baseball diamond');
    expect(found.duplicates).toHaveLength(1);
    expect(found.duplicatesAcrossSplits).toBe(1);
  });

  it('as CSV with any columns, the files in a folder below', async () => {
    put('csv/pics/1.png', red);
    put('csv/pics/2.png', blue);
    put('csv/list.csv', 'nr,photo,was da ist,Set\n1,1.png,"ein Kreis, rot",train\n2,2.png,ein blaues Quadrat,dev\n');
    const found = await inspect('csv');
    expect(found).toMatchObject({
      kind: 'CSV',
      root: join(root, 'csv/pics'),
      splits: { train: 1, dev: 1 },
      unknownSplits: [],
      broken: [],
    });
    expect(found.examples[0]).toEqual({ image: join(root, 'csv/pics/1.png'), text: 'ein Kreis, rot' });
  });

  it.each([
    ['list.csv', 'file,caption\na.png,a red circle\nb.png,"a blue, square"\n', ''],
    ['list.tsv', 'file\tcaption\na.png\ta red circle\nb.png\ta blue, square\n', ''],
    ['list.jsonl', '{"file":"a.png","caption":"a red circle"}\n{"file":"b.png","caption":"a blue, square"}\n', ''],
    ['results.token', 'a.png#0\ta red circle\nb.png#0\ta blue, square\n', ''],
    ['results.csv', 'image_name| comment_number| comment\na.png| 0| a red circle\nb.png| 0| a blue, square\n', ''],
    ['metadata.csv', 'a|a red circle|a red circle\nb|a blue, square|a blue, square\n', 'wavs/'],
    ['train.tsv', 'client_id\tpath\tsentence\n1\ta.wav\ta red circle\n2\tb.wav\ta blue, square\n', 'clips/'],
  ])('%s as Windows writes it, with a byte order mark and CRLF', async (name, content, sounds) => {
    const folder = `windows-${name}`;
    for (const file of ['a', 'b']) {
      if (sounds === '') put(`${folder}/${file}.png`, file === 'a' ? red : blue);
      else put(`${folder}/${sounds}${file}.wav`, tone(file === 'a' ? 300 : 400));
    }
    put(`${folder}/${name}`, `\uFEFF${content.replaceAll('\n', '\r\n')}`);
    const found = await inspect(folder);
    expect(found.broken).toEqual([]);
    expect(found.usable.map(({ text }) => text)).toEqual(['a red circle', 'a blue, square']);
  });

  it('as CSV between semicolons, TSV and JSON lines with lists of captions', async () => {
    put('semi/1.png', red);
    put('semi/list.csv', 'file;caption\n1.png;a red, round thing\n');
    put('tabs/1.png', red);
    put('tabs/list.tsv', 'file\tcaption\n1.png\tit says "red"\n');
    put('lines/1.png', red);
    put('lines/metadata.jsonl', `${JSON.stringify({ file_name: '1.png', captions: ['a circle', 'a red circle'] })}\n`);
    expect((await inspect('semi')).examples[0]?.text).toBe('a red, round thing');
    expect((await inspect('tabs')).examples[0]?.text).toBe('it says "red"');
    expect(await inspect('lines')).toMatchObject({ kind: 'JSON lines', texts: { total: 2 }, items: 1, broken: [] });
  });

  it('as tables whose names are splits', async () => {
    put('splits/1.png', red);
    put('splits/2.png', blue);
    put('splits/train.csv', 'file,caption\n1.png,a red circle\n');
    put('splits/val.csv', 'file,caption\n2.png,a blue square\n');
    expect(await inspect('splits')).toMatchObject({ items: 2, splits: { train: 1, val: 1 } });
  });

  it('as tar shards, unpacked once', async () => {
    put('to-pack/1.png', red);
    put('to-pack/1.json', JSON.stringify({ sentence: 'a red circle' }));
    put('to-pack/2.png', blue);
    put('to-pack/2.txt', 'a blue square');
    mkdirSync(join(root, 'shards'), { recursive: true });
    await create({ file: join(root, 'shards/train-000.tar'), cwd: join(root, 'to-pack') }, [
      '1.json',
      '1.png',
      '2.png',
      '2.txt',
    ]);
    const found = await inspect('shards');
    expect(found).toMatchObject({ kind: 'tar shards', items: 2, splits: { train: 2 }, broken: [] });
    expect(found.usable.map(({ text }) => text)).toEqual(['a red circle', 'a blue square']);
    expect(found.root.startsWith(join(root, 'cache'))).toBe(true);
  });

  it('as COCO captions, pictures in a folder named after the split', async () => {
    const coco = {
      images: [
        { id: 7, file_name: '1.png' },
        { id: 8, file_name: '2.png' },
      ],
      annotations: [
        { image_id: 7, id: 1, caption: 'a red circle ' },
        { image_id: 7, id: 2, caption: 'red' },
        { image_id: 8, id: 3, caption: 'blue' },
      ],
    };
    put('coco/val2017/1.png', red);
    put('coco/val2017/2.png', blue);
    put('coco/annotations/captions_val2017.json', JSON.stringify(coco));
    expect(await inspect('coco')).toMatchObject({
      kind: 'COCO captions',
      rows: 3,
      items: 2,
      texts: { total: 3 },
      splits: { val: 2 },
      broken: [],
    });
  });

  it('as Flickr8k and Flickr30k: the token file and the CSV with a line that lacks a bar', async () => {
    put('flickr/flickr30k-images/1.png', red);
    put('flickr/results_20130124.token', '1.png#0\tA red circle .\n1.png#1\tSomething red .\n');
    put('flickr-csv/images/1.png', red);
    put(
      'flickr-csv/results.csv',
      'image_name| comment_number| comment\n1.png| 0| A red circle .\n1.png| 4   A dog runs across the grass .\n',
    );
    expect(await inspect('flickr')).toMatchObject({ kind: 'Flickr token file', rows: 2, items: 1, broken: [] });
    const found = await inspect('flickr-csv');
    expect(found).toMatchObject({ kind: 'Flickr30k CSV', rows: 2, broken: [] });
    expect(found.usable[0]?.texts).toEqual(['A red circle .', 'A dog runs across the grass .']);
  });

  it('as LJSpeech, with quotation marks that are never closed', async () => {
    put('lj/wavs/LJ001-0001.wav', tone(440));
    put('lj/wavs/LJ001-0002.wav', tone(550));
    put(
      'lj/metadata.csv',
      'LJ001-0001|Printing, in 1900|Printing, in nineteen hundred\nLJ001-0002|he said "yes|he said "yes\n',
    );
    const found = await inspect('lj');
    expect(found).toMatchObject({
      kind: 'LJSpeech',
      items: 2,
      modalities: { image: 0, text: 2, audio: 2 },
      broken: [],
    });
    expect(found.usable.map(({ text }) => text)).toEqual(['Printing, in nineteen hundred', 'he said "yes']);
  });

  it('as Common Voice, whose speakers stay together', async () => {
    put('cv/clips/a.wav', tone(440));
    put('cv/clips/b.wav', tone(550));
    put('cv/train.tsv', 'client_id\tpath\tsentence\tup_votes\nme\ta.wav\tHello there\t2\n');
    put('cv/dev.tsv', 'client_id\tpath\tsentence\tup_votes\nyou\tb.wav\tGood bye\t2\n');
    put('cv/validated.tsv', 'client_id\tpath\tsentence\tup_votes\nme\ta.wav\tHello there\t2\n');
    const found = await inspect('cv');
    expect(found).toMatchObject({ kind: 'Common Voice', items: 2, splits: { train: 1, dev: 1 }, broken: [] });
    expect(found.usable.map(({ group }) => group).sort()).toEqual(['me', 'you']);
  });
});

describe('links', () => {
  it('to files, class folders and folders of pictures are followed, though not in circles', async () => {
    put('elsewhere/river/1.png', red);
    put('elsewhere/2.png', blue);
    put('linked/boat/3.png', blue);
    symlinkSync(join(root, 'elsewhere/river'), join(root, 'linked/river'));
    symlinkSync(join(root, 'elsewhere/2.png'), join(root, 'linked/boat/2.png'));
    symlinkSync(join(root, 'linked'), join(root, 'linked/boat/around'));
    const found = await inspect('linked');
    expect(found).toMatchObject({ kind: 'class folders', items: 3, labels: 2, broken: [] });
    put('table/rows.csv', 'file,text\n2.png,a blue square\n');
    symlinkSync(join(root, 'elsewhere'), join(root, 'table/pictures'));
    expect(await inspect('table/rows.csv')).toMatchObject({ items: 1, broken: [] });
  });

  it('that lead nowhere are named', async () => {
    put('dangling/a/1.png', red);
    symlinkSync(join(root, 'gone'), join(root, 'dangling/b'));
    await expect(inspect('dangling')).rejects.toThrow(/dangling\/b: is a link that leads nowhere; correct or remove/);
    // One that is named like a picture is a broken picture, and does not stop the others.
    put('dangling-file/1.png', red);
    put('dangling-file/1.txt', 'a red square');
    symlinkSync(join(root, 'gone.png'), join(root, 'dangling-file/2.png'));
    const found = await inspect('dangling-file');
    expect(found).toMatchObject({ items: 2, modalities: { image: 2, text: 1 } });
    expect(found.broken).toMatchObject([{ file: expect.stringMatching(/2\.png$/), reason: 'does not exist' }]);
    symlinkSync(join(root, 'gone.txt'), join(root, 'dangling-file/2.txt'));
    await expect(inspect('dangling-file')).rejects.toThrow(/2\.txt: cannot be read \(ENOENT\)/);
  });
});

describe('identifiers of 64 bits', () => {
  const ids = ['1234567890123456788', '1234567890123456789'];
  it('of COCO pictures stay apart', async () => {
    put('wide/images/1.png', red);
    put('wide/images/2.png', blue);
    const images = ids.map((id, i) => `{"id": ${id}, "file_name": "${i + 1}.png"}`);
    const annotations = ids.map((id, i) => `{"image_id": ${id}, "id": ${i}, "caption": "picture ${i + 1}"}`);
    put('wide/captions.json', `\ufeff{"images": [${images}], "annotations": [${annotations}]}`);
    const { usable } = await inspect('wide/captions.json');
    expect(usable.map(({ image, text }) => [String(image).at(-5), text])).toEqual([
      ['1', 'picture 1'],
      ['2', 'picture 2'],
    ]);
  });

  it('of groups stay apart in JSON lines', async () => {
    put('speakers.jsonl', ids.map((id, i) => `{"text": "sentence number ${i}", "speaker_id": ${id}}`).join('\n'));
    expect((await inspect('speakers.jsonl')).usable.map(({ group }) => group)).toEqual(ids);
  });
});

describe('broken files are named with the reason', () => {
  it('missing, empty, cut short, no picture at all, and of a kind that is not read', async () => {
    put('broken/whole.png', red);
    put('broken/empty.png', '');
    put('broken/cut.png', red.subarray(0, red.length / 2));
    put('broken/text.png', 'this is no picture');
    put('broken/noise.wav', 'this is no recording');
    put('broken/film.mov', 'x');
    put(
      'broken/list.csv',
      'file,sound,caption\nwhole.png,,fine\nempty.png,,a\ncut.png,,b\ntext.png,,c\nnowhere.png,,d\nwhole.png,noise.wav,e\nfilm.mov,,f\n',
    );
    const { broken, usable } = await inspect('broken', { image: 'file', audio: 'sound' });
    const reasons = Object.fromEntries(
      broken.map(({ file, reason }) => [file.slice(join(root, 'broken').length + 1), reason]),
    );
    expect(Object.keys(reasons).sort()).toEqual([
      'cut.png',
      'empty.png',
      'film.mov',
      'noise.wav',
      'nowhere.png',
      'text.png',
    ]);
    expect(reasons['nowhere.png']).toBe('does not exist');
    expect(reasons['empty.png']).toBe('is empty');
    expect(reasons['film.mov']).toContain('not read');
    for (const reason of Object.values(reasons)) expect(reason).not.toContain(root);
    expect(usable.map(({ text }) => text)).toEqual(['fine']);
  });

  it('and what is not recognised says what would be', async () => {
    put('nothing/notes.md', 'x');
    await expect(recogniseData(join(root, 'nothing'))).rejects.toThrow(
      /nothing in it is recognised; give a folder of pictures/,
    );
    await expect(recogniseData(join(root, 'nowhere'))).rejects.toThrow('does not exist');
    put('columns.csv', 'a,b\n1,2\n');
    await expect(recogniseData(join(root, 'columns.csv'))).rejects.toThrow('the columns are a, b');
    await expect(recogniseData(join(root, 'columns.csv'), { columns: { text: 'c' } })).rejects.toThrow(
      'there is no column "c"',
    );
  });
});
