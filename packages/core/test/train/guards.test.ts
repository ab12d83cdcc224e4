import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipWhatTheDeviceLacks } from '@crossmodal/testkit';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dataset, tensorDataset } from '../../src/data/index.js';
import { sgd } from '../../src/optimisers/index.js';
import { type FitOptions, fit, type Step, trainStep } from '../../src/train/index.js';
import { backends, useBackend } from '../device/backends.js';
import { type Batch, makeData } from './regression.js';
import { scripted } from './scripted.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-fit-'));
let folders = 0;
const newFolder = () => join(temporary, String(folders++));

skipWhatTheDeviceLacks();
beforeAll(async () => {
  for (const name of backends) await useBackend(name); // what they say when they load is not the tests'
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const quiet = { progress: false } as const;

describe('guards', () => {
  test('a term that is no number stops the run, is named, and the last good weights are in place', async () => {
    const folder = newFolder();
    const step = scripted((run) => ({
      loss: run === 8 ? Number.NaN : 1,
      kl: run === 8 ? Number.POSITIVE_INFINITY : 2,
      error: 3,
    }));
    const jsonl = join(folder, 'log.jsonl');
    const options: FitOptions = { epochs: 9, checkpoint: folder, log: { jsonl }, ...quiet };
    await expect(fit(step, makeData(), options)).rejects.toThrow(
      /^fit: 'kl' is Infinity, 'loss' is NaN at step 8 \(finite: error\); at step 7 'kl' was 2; the weights of the last good checkpoint, .*step-000000006, are in place; lower the learning rate/,
    );
    expect(step.namedState()['weight']!.dataSync()[0]).toBe(6);
    expect(readFileSync(jsonl, 'utf8').trim().split('\n').at(-1)).toContain('"kl":"Infinity"');
  });

  test('NaN and infinity in the batch are found, and the learning rate is not blamed', async () => {
    const run = (values: number[]) => {
      const pixels = tf.tensor2d(values, [4, 1]);
      const data = tensorDataset({ y: tf.ones([4]), image: { pixels } }, { batchSize: 4, shuffle: false });
      const step = scripted(() => ({ loss: Number.NaN }));
      return fit(step as unknown as Step<tf.TensorContainerObject>, data, { epochs: 1, ...quiet });
    };
    await expect(run([1, Number.NaN, 3, 4])).rejects.toThrow(
      /^fit: 'loss' is NaN at step 1; 'image\/pixels' of the batch holds NaN; there is no checkpoint .*; look at the data/,
    );
    await expect(run([1, 2, 3, -Infinity])).rejects.toThrow("'image/pixels' of the batch holds -Infinity");
    await expect(run([1, 2, 3, 4])).rejects.toThrow(/spoilt; lower the learning rate/);
  });

  test('options that do not exist are refused with the nearest that does', async () => {
    const run = (options: object) =>
      fit(
        scripted(() => ({ loss: 1 })),
        makeData(),
        { epochs: 1, ...quiet, ...options },
      );
    await expect(run({ chekpoint: 'x' })).rejects.toThrow(
      /^fit: there is no option 'chekpoint', the options are epochs, steps, .*; did you mean 'checkpoint'\?/,
    );
    await expect(run({ checkpoint: { folder: 'x', every: 3 } })).rejects.toThrow(
      "fit: checkpoint: there is no option 'every', the options are folder, everySteps",
    );
    await expect(run({ log: { json: 'x' } })).rejects.toThrow("did you mean 'jsonl'");
    await expect(run({ toString: 1 })).rejects.toThrow("no option 'toString'");
  });

  test('without a checkpoint it says that there is none', async () => {
    const step = scripted((run) => ({ loss: run === 3 ? Number.NaN : 1 }));
    await expect(fit(step, makeData(), { epochs: 1, ...quiet })).rejects.toThrow(
      'there is no checkpoint to go back to',
    );
  });

  test('weights that are no numbers are never saved as good', async () => {
    const folder = newFolder();
    const weight = tf.variable(tf.scalar(1));
    let runs = 0;
    const step: Step<Batch> = {
      run() {
        weight.assign(tf.scalar(++runs === 4 ? Number.NaN : runs));
        return { loss: tf.scalar(1) };
      },
      namedState: () => ({ weight }),
      dispose() {},
    };
    const run = fit(step, makeData(), { steps: 9, checkpoint: { folder, everySteps: 1 }, ...quiet });
    await expect(run).rejects.toThrow(
      /'weight' is not finite after step 4, though the metrics were; the weights of .*step-000000003/,
    );
    expect(weight.dataSync()[0]).toBe(3);
  });

  test('an empty dataset, missing ends and odd settings are refused', async () => {
    const step = scripted(() => ({ loss: 1 }));
    const empty: Dataset<Batch> = { async *iterate() {} };
    await expect(fit(step, empty, { epochs: 1, ...quiet })).rejects.toThrow('the dataset gave no batch in epoch 0');
    await expect(fit(step, makeData(), {})).rejects.toThrow('give epochs or steps');
    await expect(fit(step, makeData(), { epochs: 0 })).rejects.toThrow(
      'epochs must be an integer of at least 1, got 0',
    );
    await expect(fit(step, makeData(), { epochs: 1, earlyStopping: { metric: 'loss', patience: 1 } })).rejects.toThrow(
      'need validate',
    );
    const rows = { x: tf.zeros([3, 2]), y: tf.zeros([4, 2]) };
    expect(() => tensorDataset(rows, { batchSize: 2 })).toThrow('same first dimension, got [3,2], [4,2]');
    expect(() => tensorDataset({ x: rows.x }, { batchSize: 0 })).toThrow('batchSize must be an integer');
  });

  test.each(backends)('a checkpointed step must save what it changes, on %s', async (device) => {
    await useBackend(device);
    const w = tf.variable(tf.scalar(1));
    const statistic = tf.variable(tf.scalar(0), false, 'running_statistic');
    const step = trainStep<Batch>(
      {
        loss: () => {
          statistic.assign(tf.add(statistic, 1));
          return tf.mul(w, w) as Scalar;
        },
        variables: { w },
      },
      { optimizer: sgd({ learningRate: 0.1 }) },
    );
    const run = fit(step, makeData(), { epochs: 1, checkpoint: newFolder(), ...quiet });
    await expect(run).rejects.toThrow('changes variables that its checkpoints would not hold: running_statistic');
    statistic.dispose();
    await tf.setBackend('cpu');
    step.dispose();
  });
});
