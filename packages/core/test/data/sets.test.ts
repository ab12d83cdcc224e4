import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { formatNpy } from '../../src/data/index.js';
import {
  bsds500,
  dataSources,
  easyVqa,
  fsdd,
  imageRows,
  type LabelledImages,
  mnist,
  mnistM,
  nlvr,
  ucmCaptions,
  wikipedia,
} from '../../src/data/sets/index.js';
import { tarBytes, temporaryFolder } from './temporary.js';

const folder = temporaryFolder();
const here = { data: folder.path, environment: {} };

const idx = (shape: number[], data: Uint8Array) => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((dimension, i) => {
    header.writeUInt32BE(dimension, 4 + 4 * i);
  });
  return gzipSync(Buffer.concat([header, data]));
};

describe('mnist', () => {
  const digits = Uint8Array.from({ length: 3 * 4 }, (_, i) => i);
  const files = {
    'train-images-idx3-ubyte.gz': idx([3, 2, 2], digits),
    'train-labels-idx1-ubyte.gz': idx([3], Uint8Array.of(7, 0, 9)),
    't10k-images-idx3-ubyte.gz': idx([1, 2, 2], digits.subarray(0, 4)),
    't10k-labels-idx1-ubyte.gz': idx([1], Uint8Array.of(5)),
  };

  it('reads the four files', async () => {
    for (const [name, bytes] of Object.entries(files)) folder.write(`mnist/${name}`, bytes);
    const { train, test } = await mnist(here);
    expect(train).toEqual({
      images: digits,
      labels: Uint8Array.of(7, 0, 9),
      count: 3,
      height: 2,
      width: 2,
      channels: 1,
    });
    expect(test.labels).toEqual(Uint8Array.of(5));
    expect(imageRows(train)[1]).toEqual({ pixels: { data: Uint8Array.of(4, 5, 6, 7), shape: [2, 2, 1] }, label: 0 });
    folder.write('mnist/t10k-labels-idx1-ubyte.gz', idx([2], Uint8Array.of(5, 6)));
    await expect(mnist(here)).rejects.toThrow(/t10k-labels.*must hold 1 labels, one per image, got shape \[2\]/);
  });

  it('says what to do when there is neither a folder nor a download', async () => {
    await expect(mnist({ environment: {} })).rejects.toThrow(
      /pass --data DIR, or set CROSSMODAL_DATA=DIR.*or let it be fetched: mnist\(\{ downloadTo: DIR \}\)/,
    );
  });

  it('fetches the files and refuses others than the published ones', async () => {
    const server = createServer((request, response) => {
      response.end(files[request.url?.slice('/set/'.length) as keyof typeof files]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/set/`;
    const downloadTo = join(folder.path, 'fetched');
    await expect(mnist({ downloadTo, url })).rejects.toThrow(
      new RegExp(
        `train-images.*has SHA-256 ${createHash('sha256').update(files['train-images-idx3-ubyte.gz']).digest('hex')}, expected ${dataSources['mnist']?.sha256?.['train-images-idx3-ubyte.gz']}`,
      ),
    );
    server.close();
  });
});

describe('mnistM', () => {
  const digits: LabelledImages = {
    images: Uint8Array.from({ length: 5 * 4 }, (_, i) => (i * 37) % 256),
    labels: Uint8Array.of(0, 1, 2, 3, 4),
    count: 5,
    height: 2,
    width: 2,
    channels: 1,
  };
  const photograph = (rows: number, columns: number) => ({
    // Each pixel says where it is, so that the patch can be found again.
    data: Uint8Array.from({ length: rows * columns * 3 }, (_, i) => (7 * i) % 251),
    shape: [rows, columns, 3],
  });

  it('is the absolute difference of the digit and a patch, and the patch lies within the photograph', () => {
    const photo = photograph(3, 4);
    const { images, labels, channels } = mnistM(digits, [photo], { seed: 1 });
    expect([labels, channels]).toEqual([digits.labels, 3]);
    const places = new Set<string>();
    for (let n = 0; n < 5; n++) {
      const found: string[] = [];
      for (let top = 0; top <= 1; top++) {
        for (let left = 0; left <= 2; left++) {
          let equal = true;
          for (let i = 0; i < 2; i++) {
            for (let j = 0; j < 2; j++) {
              for (let k = 0; k < 3; k++) {
                const patch = photo.data[((top + i) * 4 + left + j) * 3 + k] as number;
                const digit = digits.images[n * 4 + 2 * i + j] as number;
                if (images[((n * 2 + i) * 2 + j) * 3 + k] !== Math.abs(digit - patch)) equal = false;
              }
            }
          }
          if (equal) found.push(`${top} ${left}`);
        }
      }
      expect(found).toHaveLength(1);
      places.add(found[0] as string);
    }
    expect(places.size).toBeGreaterThan(1);
  });

  it('is a function of the seed and of the number of the picture', () => {
    const photos = [photograph(5, 5), photograph(9, 6)];
    const whole = mnistM(digits, photos, { seed: 1 }).images;
    expect(mnistM(digits, photos, { seed: 1 }).images).toEqual(whole);
    expect(mnistM(digits, photos, { seed: 2 }).images).not.toEqual(whole);
    expect(mnistM({ ...digits, count: 2 }, photos, { seed: 1 }).images).toEqual(whole.slice(0, 2 * 4 * 3));
    // Black and white digits leave the patch as it is, or invert it.
    const black = mnistM({ ...digits, images: new Uint8Array(20) }, photos, { seed: 1 }).images;
    const white = mnistM(digits, photos, { seed: 1, threshold: -1 }).images;
    expect(white).toEqual(black.map((value) => 255 - value));
  });

  it('refuses photographs that do not fit', () => {
    expect(() => mnistM(digits, [])).toThrow(/at least one photograph/);
    expect(() => mnistM(digits, [photograph(1, 9)])).toThrow(
      /photograph 0 must be bytes of shape \[>= 2, >= 2, 3\], got \[1,9,3\]/,
    );
    expect(() => mnistM({ ...digits, channels: 3 }, [photograph(3, 3)])).toThrow(/one channel/);
  });
});

describe('other sets', () => {
  it('fsdd', async () => {
    for (const name of ['3_theo_4.wav', '3_theo_5.wav', '0_george_12.wav'])
      folder.write(`fsdd/recordings/${name}`, 'RIFF');
    const rows = await fsdd(here);
    expect(rows.map(({ label, split, fields }) => [label, split, fields])).toEqual([
      ['0', 'train', { speaker: 'george', index: 12 }],
      ['3', 'test', { speaker: 'theo', index: 4 }],
      ['3', 'train', { speaker: 'theo', index: 5 }],
    ]);
    folder.write('fsdd/recordings/hello.wav', 'RIFF');
    await expect(fsdd(here)).rejects.toThrow(/hello\.wav: is not called \{digit\}_\{speaker\}_\{index\}\.wav/);
  });

  it('ucmCaptions', async () => {
    folder.write(
      'ucm_captions/captions.tsv',
      'imgid\tfile\tsplit\tcap_no\tcaption\n0\t1.jpg\ttrain\t0\tA field .\n0\t1.jpg\ttrain\t1\tA "green" field .\n1999\t2000.jpg\ttest\t0\tSome tanks .\n',
    );
    const rows = await ucmCaptions(here);
    expect(rows.map(({ label, split, texts }) => [label, split, texts])).toEqual([
      ['agricultural', 'train', ['A field .', 'A "green" field .']],
      ['storage tanks', 'test', ['Some tanks .']],
    ]);
    expect(rows[0]?.image).toBe(join(folder.path, 'ucm_captions/images/1.jpg'));
  });

  it('wikipedia', async () => {
    const features = (rows: number, columns: number) =>
      formatNpy({ data: new Float32Array(rows * columns).fill(0.5), shape: [rows, columns] });
    folder.write('wikipedia/categories.list', 'art\nbiology\n\n');
    for (const [suffix, list, rows] of [
      ['tr', 'trainset_txt_img_cat.list', 2],
      ['te', 'testset_txt_img_cat.list', 1],
    ] as const) {
      folder.write(`wikipedia/I_${suffix}.npy`, features(rows, 128));
      folder.write(`wikipedia/T_${suffix}.npy`, features(rows, 10));
      folder.write(
        `wikipedia/${list}`,
        'text-1\timage-1\t2\ntext-2\timage-2\t1\n'.split('\n').slice(0, rows).join('\n'),
      );
    }
    const { train, test, classes } = await wikipedia(here);
    expect([classes, [...train.labels], [...test.labels]]).toEqual([['art', 'biology'], [1, 0], [1]]);
    expect([train.image.shape, train.text.shape]).toEqual([
      [2, 128],
      [2, 10],
    ]);
    folder.write('wikipedia/testset_txt_img_cat.list', 'text\timage\t3\n');
    await expect(wikipedia(here)).rejects.toThrow(/line 1: the class must be in 1 \.\.\. 2/);
    folder.write('wikipedia/T_tr.npy', features(5, 10));
    await expect(wikipedia(here)).rejects.toThrow(/must have 2 rows/);
  });

  it('nlvr and bsds500', async () => {
    const json = JSON.stringify({ sentence: 'There is a blue tower.', label: 'true', group: '3266' });
    folder.write(
      'nlvr/train-000.tar',
      tarBytes([
        { name: 'a.png', data: 'x' },
        { name: 'a.json', data: json },
      ]),
    );
    const [row] = await (await nlvr(here)).toArray();
    expect(row).toMatchObject({ text: 'There is a blue tower.', label: 'true', group: '3266' });
    await expect(nlvr({ ...here, part: 'dev' })).rejects.toThrow(/holds no shards called dev-\*\.tar/);
    folder.write('bsds500/train/2.jpg', 'x');
    folder.write('bsds500/train/10.jpg', 'x');
    expect((await bsds500(here)).map((path) => path.slice(folder.path.length))).toEqual([
      '/bsds500/train/10.jpg',
      '/bsds500/train/2.jpg',
    ]);
  });
});

// The real thing, where it is at hand: CROSSMODAL_DATA names its folder.
describe.skipIf(!process.env['CROSSMODAL_DATA'])('real data (needs CROSSMODAL_DATA)', () => {
  it('mnist has the published counts', async () => {
    const { train, test } = await mnist();
    expect([train.count, test.count, train.height, train.width]).toEqual([60_000, 10_000, 28, 28]);
    const zeros = (labels: Uint8Array) => labels.filter((label) => label === 0).length;
    expect([zeros(train.labels), zeros(test.labels)]).toEqual([5923, 980]);
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  });

  it('fsdd, ucm captions, wikipedia, nlvr, bsds500', async () => {
    const recordings = await fsdd();
    expect([recordings.length, recordings.filter(({ split }) => split === 'test').length]).toEqual([3000, 300]);
    const pictures = await ucmCaptions();
    const count = (split: string) => pictures.filter((row) => row.split === split).length;
    expect([pictures.length, count('train'), count('val'), count('test')]).toEqual([2100, 1680, 210, 210]);
    expect(pictures.every(({ texts }) => texts.length === 5)).toBe(true);
    const { train, test, classes } = await wikipedia();
    expect([train.image.shape, train.text.shape, test.count, classes.length]).toEqual([
      [2173, 128],
      [2173, 10],
      693,
      10,
    ]);
    const sentences = await (await nlvr({ part: 'dev' })).toArray();
    expect(sentences.length).toBeGreaterThan(5000);
    expect(sentences.every(({ image, text, label, group }) => image && text && label && group)).toBe(true);
    expect(await bsds500()).toHaveLength(200);
  });
});

describe('easyVqa', () => {
  const write = (test: unknown) => {
    const pictures = ['train/images/0.png', 'train/images/1.png', 'test/images/0.png'];
    folder.write('easy_vqa/pictures.tar', tarBytes(pictures.map((name) => ({ name, data: name }))));
    folder.write('easy_vqa/answers.txt', 'yes\nno\nred\n');
    folder.write('easy_vqa/train_questions.json', JSON.stringify([['is it red?', 'yes', 1]]));
    folder.write('easy_vqa/test_questions.json', typeof test === 'string' ? test : JSON.stringify(test));
  };

  it('reads pictures, questions and answers', async () => {
    write([['what colour is it?', 'red', 0]]);
    const { train, test, answers } = await easyVqa(here);
    expect(answers).toEqual(['yes', 'no', 'red']);
    expect(train.questions).toEqual([{ question: 'is it red?', answer: 'yes', picture: 1 }]);
    expect(train.pictures.map((bytes) => Buffer.from(bytes).toString())).toEqual([
      'train/images/0.png',
      'train/images/1.png',
    ]);
    expect(test.questions).toEqual([{ question: 'what colour is it?', answer: 'red', picture: 0 }]);
  });

  it('names rows that do not fit', async () => {
    write([['what colour is it?', 'red', 7]]);
    await expect(easyVqa(here)).rejects.toThrow(/test_questions.json: row 0: there is no picture 7/);
    write([['what colour is it?', 'blue', 0]]);
    await expect(easyVqa(here)).rejects.toThrow("row 0: 'blue' is not in answers.txt");
    write([['what colour is it?', 'red']]);
    await expect(easyVqa(here)).rejects.toThrow('must be a list of [question, answer, picture]');
    write('[[');
    await expect(easyVqa(here)).rejects.toThrow('is no JSON');
    await expect(easyVqa({ data: '/nowhere', environment: {} })).rejects.toThrow('easy_vqa does not exist');
  });
});
