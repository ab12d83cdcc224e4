import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { fit } from '../../src/train/index.js';
import { makeData } from './regression.js';
import { scripted } from './scripted.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The notes of a run of 320 steps whose metrics are scripted. */
async function notes(metrics: (run: number) => Record<string, number>): Promise<string[]> {
  const data = makeData({ rows: 8 * 32, batchSize: 8 });
  const { notes: said } = await fit(scripted(metrics), data, { steps: 320, progress: false });
  return said;
}

describe.each([
  {
    what: 'equal features',
    dead: () => ({ loss: 1, 'spread/image': 2e-6, 'spread/text': 0.4 }),
    alive: () => ({ loss: 1, 'spread/image': 0.2, 'spread/text': 0.4 }),
    said: /^all features are equal: 'spread\/image' has been below 0\.0001 for 50 records, until step 50 .*: start anew with a lower learning rate/,
  },
  {
    what: 'a contrastive loss at log B',
    dead: (run: number) => ({ loss: 3, 'image-text': Math.log(8) + 0.005 * Math.sin(run) }),
    alive: (run: number) => ({ loss: 3, 'image-text': Math.log(8) * 0.98 ** run }),
    said: /^'image-text' has stayed at log 8 = 2\.079 for 100 records, until step 100\..*row i of one modality belongs to row i/,
  },
  {
    what: 'a cross entropy at log C',
    dead: (run: number) => ({
      classification: Math.LN10 + 0.01 * Math.sin(run),
      'chance/classification': Math.LN10,
      loss: 5,
    }),
    alive: (run: number) => ({ classification: Math.LN10 * 0.99 ** run, 'chance/classification': Math.LN10, loss: 5 }),
    said: /^'classification' has stayed at 2\.303, its value for guessing, for 100 records, until step 100: check that labels belong/,
  },
  {
    what: 'a domain classifier that always wins',
    dead: () => ({ loss: 1, 'domainAccuracy/image': 0.995 }),
    alive: (run: number) => ({ loss: 1, 'domainAccuracy/image': run % 150 === 0 ? 0.6 : 0.995 }),
    said: /^the domain classifier always wins: 'domainAccuracy\/image' .* for 200 records, until step 200\. .*raise lambda/,
  },
  {
    what: 'samples of one condition that do not differ',
    // As measured on digits from words: the recipe that made one picture per word, and the one that does not.
    dead: (run: number) => ({ 'generator/loss': 1, 'generator/diversity': run < 70 ? 0.3 : 0.12 }),
    alive: (run: number) => ({ 'generator/loss': 1, 'generator/diversity': run < 250 ? 0.16 : 0.4 }),
    said: /^samples of one condition hardly differ: 'generator\/diversity' .* until step 300 \(0\.120\)\. The generator ignores its noise: try a gradient penalty/,
  },
])('$what', ({ dead, alive, said }) => {
  test('is said once, with what to try', async () => {
    const all = await notes(dead);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(said);
  });

  test('is not said of a run that lives', async () => {
    expect(await notes(alive)).toEqual([]);
  });
});
