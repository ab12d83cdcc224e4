import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { useDevice } from '@crossmodal/core/device';
import { crossEntropy } from '@crossmodal/losses';
import { expectNoLeak } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.js';
import { acrossStyles } from '../src/entries/styles/across-styles.js';
import { cacheFolder } from '../src/paths.js';
import type { ResultsFile } from '../src/results.js';
import { iconFolder, recordingTerminal, temporaryFolder } from './fixture.js';

const cache = cacheFolder(undefined, {});

/** Runs the smoke preset; what comes last of an option counts. */
async function bench(...args: string[]) {
  const terminal = recordingTerminal();
  const out = temporaryFolder();
  const common = ['--preset', 'smoke', '--device', 'cpu', '--cache', cache, '--out', out];
  const code = await runCommandLine([...common, ...args], { terminal, environment: {} });
  return { code, out, notes: terminal.notes };
}

test('what is wrong with the styles is said in one line: unknown, twice, none, without overlap', async () => {
  const cases: [string, RegExp][] = [
    [
      'no-such-set',
      /^bench: icons: there is no set "no-such-set" here; type npm install --prefix DIR @iconify-json\/no-such-set and name/,
    ],
    ['./no/such/folder', /^bench: icons: the folder \/.*no\/such\/folder does not exist$/],
    ['emojione,emojione', /^bench: styles: the style emojione is named twice; name some with --styles/],
    ['openmoji', /^bench: styles: there must be a style besides OpenMoji in colour/],
    [
      iconFolder({ prefix: 'letters', icons: { 'letter-a': { body: '<path/>' } } }),
      /^bench: styles: openmoji, letters have 0 concepts in common, which is too few; name sets of emojis/,
    ],
  ];
  for (const [styles, expected] of cases) {
    const { code, notes } = await bench('run', 'styles', '--styles', styles);
    expect(code).toBe(1);
    expect(notes.at(-1)).toMatch(expected);
  }
}, 60_000);

test('a set in a folder is left out, and adapted to, like the others; with one other style nothing is generalised', async () => {
  const installed = dirname(createRequire(import.meta.url).resolve('@iconify-json/emojione/icons.json'));
  const folder = join(temporaryFolder(), 'copy');
  cpSync(installed, folder, { recursive: true });
  const icons = JSON.parse(readFileSync(join(folder, 'icons.json'), 'utf8'));
  writeFileSync(join(folder, 'icons.json'), JSON.stringify({ ...icons, prefix: 'copy' }));
  const { code, out } = await bench('run', 'styles', '--styles', folder, '--cache', temporaryFolder());
  expect(code).toBe(0);
  const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
  const metrics = results.map(({ metric }) => metric);
  expect(metrics).toContain('accuracy on copy, adapted by DANN with confusion');
  expect(metrics).toHaveLength(8);
  expect(metrics.join()).not.toContain('generalised');
}, 120_000);

test('seeds keeps each training, and goes on behind the last; a damaged one is named', async () => {
  const out = temporaryFolder();
  const terminal = recordingTerminal();
  const args = ['seeds', 'styles', '--seeds', '1', '--no-control', '--styles', 'openmoji-lines'];
  const run = () =>
    runCommandLine([...args, '--preset', 'smoke', '--device', 'cpu', '--cache', cache, '--out', out], {
      terminal,
      environment: {},
    });
  expect(await run()).toBe(0);
  expect(existsSync(join(out, 'styles-seed1-shuffled.json'))).toBe(false);
  const table = readFileSync(join(out, 'seeds.md'), 'utf8');
  const folder = join(out, 'styles-seed1-trainings');
  const kept = join(folder, 'openmoji-openmoji-lines-openmoji-lines-left-out-source-only.json');
  const outcome = JSON.parse(readFileSync(kept, 'utf8'));
  // What is read is what is told: the training is not repeated.
  writeFileSync(kept, JSON.stringify({ ...outcome, target: 0.875 }));
  rmSync(join(out, 'styles-seed1.json'));
  expect(await run()).toBe(0);
  expect(readFileSync(join(out, 'seeds.md'), 'utf8')).not.toBe(table);
  expect(readFileSync(join(out, 'seeds.md'), 'utf8')).toContain('0.875');

  writeFileSync(kept, '{"target": 0.8');
  rmSync(join(out, 'styles-seed1.json'));
  expect(await run()).toBe(1);
  expect(terminal.notes.at(-1)).toMatch(
    /source-only\.json cannot be read as JSON; remove it; what it held is trained again$/,
  );
}, 120_000);

test('acrossStyles: the classification and the mean distance over pairs of styles, nothing of it left behind', async () => {
  await useDevice('cpu');
  const features = tfl.sequential({
    layers: [
      tfl.layers.dense({
        units: 3,
        inputShape: [4],
        kernelInitializer: tfl.initializers.randomNormal({ seed: 5 }),
      }),
    ],
  });
  const model = acrossStyles({ features, classes: 2, seed: 1, hidden: [], styles: 3 });
  const source = tf.randomNormal([12, 4], 0, 1, 'float32', 7) as tf.Tensor2D;
  const labels = tf.tensor1d([0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1], 'int32');
  const rows = (await model.features(source).array()) as number[][];
  const column = (part: number[][], c: number) => part.map((row) => row[c]!);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const covariance = (part: number[][], c: number, d: number) =>
    part.reduce((sum, row) => sum + (row[c]! - mean(column(part, c))) * (row[d]! - mean(column(part, d))), 0) /
    (part.length - 1);
  const parts = [0, 1, 2].map((style) => rows.slice(4 * style, 4 * style + 4));
  const distances = [
    [0, 1],
    [0, 2],
    [1, 2],
  ].map(([i, j]) => {
    const [a, b] = [parts[i!]!, parts[j!]!];
    const dimensions = [0, 1, 2];
    const means = mean(dimensions.map((c) => (mean(column(a, c)) - mean(column(b, c))) ** 2));
    return (
      means + mean(dimensions.flatMap((c) => dimensions.map((d) => (covariance(a, c, d) - covariance(b, c, d)) ** 2)))
    );
  });
  const terms = model.loss({ source, labels }, { training: true });
  const value = (name: string) => (terms as Record<string, tf.Scalar>)[name]!.dataSync()[0]!;
  expect(value('distance')).toBeCloseTo(mean(distances), 5);
  const classification = crossEntropy(model.classify(source), labels).dataSync()[0]!;
  expect(value('classification')).toBeCloseTo(classification, 5);
  expect(value('loss')).toBeCloseTo(classification + mean(distances), 5);
  await expectNoLeak(() => tf.dispose(model.loss({ source, labels }, { training: true })));
});
