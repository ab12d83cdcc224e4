import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useDevice } from '@crossmodal/core/device';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.js';
import { locateOpenMoji, readOpenMoji } from '../src/data/openmoji.js';
import { runHardVsSoft } from '../src/entries/hard-vs-soft/index.js';
import { entries, longEntries } from '../src/entries/index.js';
import { cacheFolder } from '../src/paths.js';
import type { ResultsFile } from '../src/results.js';
import { entryContext } from '../src/suite.js';
import { recordingTerminal, temporaryFolder } from './fixture.js';

/** The repository's own cache, so that what `npm run bench` has rendered is not rendered again. */
const cache = cacheFolder(undefined, {});

test('every entry runs from end to end and lands in results.json and the report', async () => {
  const out = temporaryFolder();
  const terminal = recordingTerminal();
  const args = ['--preset', 'smoke', '--device', 'cpu', '--seed', '3', '--cache', cache, '--out', out];
  expect(await runCommandLine(args, { terminal, environment: {} })).toBe(0);

  const file = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
  expect(file).toMatchObject({ preset: 'smoke', seed: 3, shuffled: false, failures: [] });
  expect(file.device).toMatchObject({ name: 'cpu', backend: 'onnx' });
  expect(file.machine.cores).toBeGreaterThan(0);
  expect(file.versions).toMatchObject({ node: process.versions.node, '@tensorflow/tfjs-core': '4.22.0' });
  expect([...new Set(file.results.map(({ id }) => id))]).toEqual(entries.map(({ id }) => id));
  for (const result of file.results) {
    expect(Object.keys(result).sort()).toEqual(
      ['better', 'chance', 'id', 'metric', 'paradigm', 'published', 'seconds', 'untrained', 'value'].sort(),
    );
    expect(result.paradigm).toBe(entries.find(({ id }) => id === result.id)!.paradigm);
    expect(['higher', 'lower']).toContain(result.better);
    expect(result.value).toEqual(expect.any(Number));
    expect(result.seconds).toBeGreaterThan(0);
  }
  expect(file.runs.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  for (const { facts, curves } of file.runs) {
    expect(Object.keys(facts).length).toBeGreaterThan(0);
    for (const { points } of curves) {
      expect(points.length).toBeLessThanOrEqual(12);
      expect(points.flat()).toEqual(points.flat().map(() => expect.any(Number)));
    }
  }
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  for (const { id, title } of entries) expect(page).toContain(`<section id="${id}">`) ?? expect(page).toContain(title);
  expect(page).not.toMatch(/NaN|undefined|\[object/);
  expect(terminal.lines.join('\n')).toContain(join(out, 'report.html'));
}, 300_000);

test.each(longEntries)(
  '$id runs from end to end when it is named',
  async ({ id }) => {
    const out = temporaryFolder();
    const terminal = recordingTerminal();
    const args = ['run', id, '--preset', 'smoke', '--device', 'cpu', '--cache', cache, '--out', out];
    expect(await runCommandLine(args, { terminal, environment: {} })).toBe(0);
    const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
    expect(results.length).toBeGreaterThan(0);
    for (const result of results) expect(result.value).toEqual(expect.any(Number));
    expect(readFileSync(join(out, 'report.html'), 'utf8')).not.toMatch(/NaN|undefined|\[object/);
  },
  120_000,
);

test('a run of some entries writes those alone; equal seeds give equal numbers', async () => {
  const run = async (seed: string) => {
    const out = temporaryFolder();
    const args = ['run', 'vae', '--preset', 'smoke', '--device', 'cpu', '--seed', seed, '--cache', cache, '--out', out];
    expect(await runCommandLine(args, { terminal: recordingTerminal(), environment: {} })).toBe(0);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
    const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
    expect(results.map(({ id }) => id)).toEqual(['vae']);
    return results[0]!.value;
  };
  const first = await run('1');
  expect(await run('1')).toBe(first);
  expect(await run('2')).not.toBe(first);
}, 120_000);

describe('controls', () => {
  // The one entry that is solved in closed form shows in seconds what the others need minutes for.
  const small = { side: 6, words: 150, dimension: 16, steps: 150, batchSize: 128, limit: 700 };

  test('pairs are found far above chance, shuffled pairs are not', async () => {
    const device = await useDevice('cpu');
    const openmoji = readOpenMoji(locateOpenMoji());
    const recalls = async (shuffle: boolean) => {
      const terminal = recordingTerminal();
      const options = { preset: 'quick', seed: 1, shuffle, cacheFolder: cache, terminal } as const;
      const { rows } = await runHardVsSoft(entryContext(options, { openmoji, device }), small);
      return rows.map(({ value, chance }) => value / chance!);
    };
    const before = tf.memory().numTensors;
    const [learned, control] = [await recalls(false), await recalls(true)];
    expect(tf.memory().numTensors).toBe(before);
    expect(learned).toHaveLength(6);
    // Of some 110 test emojis a single number moves by 0.4 with luck: the mean over methods and directions is the firm one.
    expect(learned.reduce((sum, value) => sum + value, 0) / learned.length).toBeGreaterThan(3);
    for (const [index, value] of learned.entries()) {
      expect(value).toBeGreaterThan(1.6);
      expect(value).toBeGreaterThan(1.4 * control[index]!);
    }
    const mean = control.reduce((sum, value) => sum + value, 0) / control.length;
    expect(mean).toBeGreaterThan(0.4);
    expect(mean).toBeLessThan(1.6);
  }, 300_000);
});
