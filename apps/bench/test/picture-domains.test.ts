import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { encodePng } from '@crossmodal/encoders-vision';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.js';
import { colouredDigits } from '../src/entries/domain-adaptation/digits/looks.js';
import { openDomain, requireSameClasses } from '../src/entries/domain-adaptation/digits/open-domain.js';
import { domainOf } from '../src/entries/domain-adaptation/digits/picture-domain.js';
import { readPictures } from '../src/entries/domain-adaptation/digits/read-pictures.js';
import { drawFew, fineTuned } from '../src/entries/domain-adaptation/few-labels/fine-tune.js';
import { findMethod } from '../src/entries/domain-adaptation/methods.js';
import type { ResultsFile } from '../src/results.js';
import { recordingTerminal, temporaryFolder } from './fixture.js';

const data = process.env['CROSSMODAL_DATA'];

beforeAll(() => useDevice('cpu'));

/** A square that is bright on the left in class "0", on the right in class "1". */
function picture(name: string, side: number, random: Random): Promise<Uint8Array> {
  const values = Array.from({ length: side * side * 3 }, (_, i) => {
    const right = Math.floor(i / 3) % side >= side / 2;
    return Math.min(1, (right === (name === '1') ? 0.7 : 0) + 0.2 * random.uniform());
  });
  return encodePng({ data: Float32Array.from(values), shape: [side, side, 3] });
}

async function classFolders(classes: Record<string, number>, { sides = [28] } = {}): Promise<string> {
  const folder = temporaryFolder();
  const random = new Random('pictures');
  for (const [name, count] of Object.entries(classes)) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < count; i++) {
      writeFileSync(join(folder, name, `${i}.png`), await picture(name, sides[i % sides.length]!, random));
    }
  }
  return folder;
}

function csv(lines: readonly string[]): string {
  const path = join(temporaryFolder(), 'digits.csv');
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('readPictures', () => {
  test('takes class folders of unequal sizes, and holds a third of each class out', async () => {
    const domain = await readPictures(await classFolders({ 0: 9, 1: 15 }, { sides: [28, 16, 40] }));
    expect(domain.classes).toEqual(['0', '1']);
    expect(domain.train).toMatchObject({ count: 16, height: 28, width: 28, channels: 3 });
    expect([...domain.test.labels].sort()).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
    const { inputs } = domainOf(domain, ['0', '1']).test;
    const rows = Array.from({ length: 8 }, (_, row) => row);
    const left = tf.mean(tf.slice(inputs(rows) as tf.Tensor4D, [0, 0, 0, 0], [8, 28, 14, 3]), [1, 2, 3]).dataSync();
    rows.forEach((row) => {
      expect(left[row]! > 0).toBe(domain.test.labels[row] === 0);
    });
  });

  test('takes train/ and test/ as they are, and numbers classes by their names', async () => {
    const folder = temporaryFolder();
    const { cpSync } = await import('node:fs');
    cpSync(await classFolders({ 0: 5, 1: 5 }), join(folder, 'train'), { recursive: true });
    cpSync(await classFolders({ 1: 4, 0: 2 }), join(folder, 'test'), { recursive: true });
    const domain = await readPictures(folder);
    expect([domain.train.count, domain.test.count]).toEqual([10, 6]);
    expect(Array.from(domainOf(domain, ['1', '0']).test.labels).sort()).toEqual([0, 0, 0, 0, 1, 1]);
  });

  test('takes a CSV of pixels of any depth, with a column of splits', async () => {
    const line = (label: string, split: string, value: number) => `${label},${split},${value},0,0,16`;
    const path = csv([
      'label,split,p0,p1,p2,p3',
      ...['a', 'b', 'a', 'b'].map((label) => line(label, 'train', 16)),
      ...['a', 'b', 'a', 'b'].map((label) => line(label, 'test', 8)),
    ]);
    const { train, test: held, classes } = await readPictures(path);
    expect(classes).toEqual(['a', 'b']);
    expect([train.count, held.count, train.channels]).toEqual([4, 4, 1]);
    expect(train.images[0]).toBeGreaterThan(240); // 16 of 16 is white
    expect(held.images[0]).toBeGreaterThan(100);
    expect(held.images[0]).toBeLessThan(200); // about half, more where the interpolation swings over
  });

  test('takes IDX files as MNIST has them', async () => {
    const folder = temporaryFolder();
    const idx = (shape: number[], values: number[]) => {
      const header = new Uint8Array(4 + 4 * shape.length);
      header.set([0, 0, 8, shape.length]);
      shape.forEach((size, i) => {
        new DataView(header.buffer).setUint32(4 + 4 * i, size);
      });
      return Uint8Array.from([...header, ...values]);
    };
    for (const part of ['train', 't10k']) {
      const images = Array.from({ length: 6 * 16 * 16 }, (_, i) => i % 256);
      writeFileSync(join(folder, `${part}-images-idx3-ubyte`), idx([6, 16, 16], images));
      writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), idx([6], [3, 4, 3, 4, 3, 4]));
    }
    const domain = await readPictures(folder);
    expect(domain).toMatchObject({ classes: ['3', '4'], train: { count: 6, height: 28 }, test: { count: 6 } });
    writeFileSync(join(folder, 'more-images-idx3-ubyte'), idx([1, 2, 2], [0, 0, 0, 0]));
    await expect(readPictures(folder)).rejects.toThrow('needs more-labels-idx1-ubyte beside it');
  });

  test.each([
    ['one class only', () => classFolders({ 0: 9 }), 'must hold 2 to 256 classes, got 1 (0)'],
    ['a class without pictures', () => classFolders({ 0: 9, 1: 0 }), 'holds no image or audio files'],
    ['an empty folder', async () => temporaryFolder(), 'has no folders, so no classes'],
    ['too few pictures', () => classFolders({ 0: 5, 1: 5 }), 'at least 4 pictures for tests, got 2'],
    ['no such path', async () => './nowhere', './nowhere does not exist'],
    ['a CSV without labels', async () => csv(['p0,p1,p2,p3', '1,2,3,4']), 'must have a column "label"'],
    ['pictures that are not square', async () => csv(['label,a,b', '1,2,3']), 'a square picture, got 2 others'],
    ['pixels that are no numbers', async () => csv(['label,a', '1,2', '2,x']), 'pixels must be numbers of at least 0'],
    ['a file of another kind', async () => './package.json', 'is neither a folder nor a CSV'],
  ])('refuses %s', async (_, path, message) => {
    await expect(readPictures(await path())).rejects.toThrow(message);
  });
});

test('domains of other classes, and sets that do not exist, are refused', async () => {
  const options = { dataFolder: undefined, limit: 64 };
  const [a, b] = [
    await readPictures(await classFolders({ 0: 8, 1: 8 })),
    await readPictures(await classFolders({ 0: 8, 2: 8 })),
  ];
  expect(() => requireSameClasses(a, b)).toThrow('must have the same classes, got 0, 1 and 0, 2');
  await expect(openDomain('mnist-n', options)).rejects.toThrow(
    'there is no set "mnist-n"; sets are mnist, mnist-m, mnist-col',
  );
  expect(() => findMethod('DANE')).toThrow('unknown method "DANE"; methods are source only; DANN with confusion;');
});

test('coloured digits are the same for the same seed, and can be read', () => {
  const images = Uint8Array.from({ length: 3 * 28 * 28 }, (_, i) => (i % 28 > 10 && i % 28 < 14 ? 255 : 0));
  const digits = { images, labels: Uint8Array.of(1, 1, 1), count: 3, height: 28, width: 28, channels: 1 };
  const [one, same, other] = ['a', 'a', 'b'].map((seed) => colouredDigits(digits, { seed }));
  expect(one).toEqual(same);
  expect(one!.images).not.toEqual(other!.images);
  const brightness = (n: number, x: number) => {
    const at = (n * 784 + 14 * 28 + x) * 3;
    const [red, green, blue] = one!.images.subarray(at, at + 3);
    return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
  };
  for (const n of [0, 1, 2]) expect(Math.abs(brightness(n, 12) - brightness(n, 8))).toBeGreaterThan(20);
});

test('a few labels are as many of each class, and fine-tuning leaves the weights as they were', async () => {
  const domain = await readPictures(await classFolders({ 0: 20, 1: 20 }));
  const { train, test: held } = domainOf(domain, ['0', '1']);
  const few = drawFew(train, 3, 'draw 0');
  expect(Array.from(few.labels).sort()).toEqual([0, 0, 0, 1, 1, 1]);
  const { digitFeatures, sourceOnly } = await import('@crossmodal/adaptation');
  const model = sourceOnly({ features: digitFeatures({ seed: 1, filters: [4, 4] }), classes: 2, seed: 1 });
  const weights = () => Object.values(model.namedVariables()).flatMap((variable) => [...variable.dataSync()]);
  const before = weights();
  const tune = (frozen: boolean) => fineTuned(model, few, held, { frozen, steps: 40, seed: 1 });
  expect(await tune(false)).toBeGreaterThan(0.6);
  expect(await tune(true)).toBeGreaterThan(0.6);
  expect(weights()).toEqual(before);
  const { numTensors } = tf.memory();
  await tune(true);
  expect(tf.memory().numTensors).toBe(numTensors);
  tf.dispose(few.inputs([0]) as Tensor);
  model.dispose();
});

describe('the command line', () => {
  const run = async (...args: string[]) => {
    const terminal = recordingTerminal();
    const out = temporaryFolder();
    const code = await runCommandLine(['--preset', 'smoke', '--device', 'cpu', '--out', out, ...args], {
      terminal,
      environment: {},
    });
    return { code, out, notes: terminal.notes.join('\n') };
  };

  test('compares methods on folders of one’s own, with every figure', async () => {
    const [source, target] = [
      await classFolders({ 0: 24, 1: 24 }),
      await classFolders({ 0: 24, 1: 24 }, { sides: [20] }),
    ];
    const { code, out, notes } = await run(
      ...['--source', source, '--target', target, '--methods', 'source only; dann by its defaults; trained on target'],
      ...['run', 'digit-adaptation'],
    );
    expect(notes).not.toContain('bench:');
    expect(code).toBe(0);
    const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
    expect(results.map(({ metric }) => metric.split(', ').at(-1))).toEqual([
      'source only',
      'dann by its defaults',
      'trained on target',
    ]);
    expect(results[0]!.chance).toBe(0.5);
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    for (const title of ['How often the domain classifier is right', 'Proxy A-distance', 'Features by domain']) {
      expect(page).toContain(title);
    }
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  test('refuses domains for other entries, and methods that do not exist, before anything is read', async () => {
    expect((await run('--target', '/tmp/x', 'run', 'vae')).notes).toContain(
      'are for digit-adaptation and adaptation-strength, got vae',
    );
    expect((await run('--source', 'mnist')).notes).toContain('and adaptation-strength, got all entries');
    const terminal = recordingTerminal();
    expect(await runCommandLine(['--methods', 'DAN', 'seeds', 'digit-adaptation'], { terminal, environment: {} })).toBe(
      1,
    );
    expect(terminal.notes.join()).toContain('seeds with --methods needs a folder of its own; pass --out DIR');
    const wrong = await run('--methods', 'DANE', '--target', './nowhere', 'run', 'digit-adaptation');
    expect(wrong).toMatchObject({ code: 1, notes: expect.stringContaining('unknown method "DANE"') });
  });

  test.runIf(data)('reads MNIST beside a folder that has other classes (needs CROSSMODAL_DATA)', async () => {
    const { code, notes } = await run(
      ...['--data', data!, '--target', await classFolders({ 0: 12, 1: 12 }), 'run', 'digit-adaptation'],
    );
    expect([code, notes]).toEqual([1, expect.stringContaining('must have the same classes')]);
  });
});
