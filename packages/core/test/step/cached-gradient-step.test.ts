import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import { tensorDataset } from '../../src/data/index.js';
import type { Contrastive } from '../../src/index.js';
import { adamW, sgd } from '../../src/optimisers/index.js';
import { linearWarmup, scheduledScalar } from '../../src/schedules/index.js';
import {
  accumulate,
  average,
  cachedGradientStep,
  clipByNorm,
  type FitOptions,
  fit,
  type TrainStep,
  trainStep,
} from '../../src/train/index.js';
import { backends, useBackendHere } from '../device/backends.js';
import { fingerprint } from '../train/regression.js';
import { type PairBatch as Batch, batchOf, twoMaps } from './two-maps.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-cached-'));
let folders = 0;
const newFolder = () => join(temporary, String(folders++));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe.each(backends)('cached gradients, on %s', (device) => {
  useBackendHere(device);

  test.each([12, 5, 1])('are those of the whole batch, in chunks of %i', (chunkSize) => {
    const weightsAfter = (make: (model: Contrastive<Batch>) => TrainStep<Batch>) => {
      const { model, variables } = twoMaps();
      const step = make(model);
      const losses = [1, 2, 3].map((seed) => {
        const metrics = step.run(batchOf(12, seed));
        return ['loss', 'scale', 'gradientNorm'].map((name) => metrics[name]!.dataSync()[0]!);
      });
      expect(step.hostState()).toEqual({ runs: 3, updates: 3 });
      step.dispose();
      return { losses, ...variables };
    };
    const options = () => ({ optimizer: adamW({ learningRate: 0.05 }), transforms: [clipByNorm(0.5)] });
    const whole = weightsAfter((model) => trainStep(model, options()));
    const cached = weightsAfter((model) => cachedGradientStep(model, { ...options(), chunkSize }));
    expect(cached.losses).toBeAllclose(whole.losses, { rtol: 1e-4, atol: 1e-5 });
    for (const name of ['a', 'b', 'scale'] as const) {
      expect(cached[name], name).toBeAllclose(whole[name], { rtol: 1e-3, atol: 1e-4 });
    }
  });

  test('draw the same dropout in both passes, and other in each chunk and step', () => {
    const embedded: number[][] = [];
    const { model } = twoMaps({ rate: 0.5, onEmbed: ({ a }) => embedded.push(Array.from(a.dataSync())) });
    const step = cachedGradientStep(model, { optimizer: sgd({ learningRate: 0 }), chunkSize: 4, compile: false });
    // Both chunks hold the same rows: what differs between them is what was dropped.
    const rows = batchOf(4, 5);
    const batch = { a: tf.concat([rows.a, rows.a], 0), b: tf.concat([rows.b, rows.b], 0) };
    tf.dispose([step.run(batch), step.run(batch)]);
    const [first, second, firstAgain, secondAgain, nextStep] = embedded as [number[], ...number[][]];
    expect(embedded).toHaveLength(8);
    expect(firstAgain).toEqual(first);
    expect(secondAgain).toEqual(second);
    expect(second).not.toEqual(first);
    expect(nextStep).not.toEqual(first);
    expect(nextStep).not.toEqual(second);
    step.dispose();
  });

  test('read schedules at the step, whatever the number of chunks', () => {
    const weights: number[] = [];
    const { model } = twoMaps();
    const spy: Contrastive<Batch> = {
      ...model,
      embedBatch(batch, options) {
        const weight = scheduledScalar((k) => k + 1);
        weights.push(weight.dataSync()[0]!);
        return model.embedBatch(batch, options);
      },
    };
    const step = cachedGradientStep(spy, { optimizer: sgd({ learningRate: 0.1 }), chunkSize: 3, compile: false });
    for (const rows of [9, 6]) tf.dispose(step.run(batchOf(rows, 1)));
    expect(weights).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    step.dispose();
  });

  test('accumulate over batches like other steps, and count runs and updates apart', () => {
    const after = (transforms: Parameters<typeof cachedGradientStep>[1]['transforms'], seeds: number[][]) => {
      const { model, variables } = twoMaps();
      const step = cachedGradientStep(model, {
        optimizer: sgd({ learningRate: 0.1 }),
        chunkSize: 2,
        transforms: transforms ?? [],
      });
      for (const seed of seeds.flat()) tf.dispose(step.run(batchOf(6, seed)));
      const host = step.hostState();
      step.dispose();
      return { host, a: variables.a };
    };
    const twice = after(
      [accumulate(2)],
      [
        [1, 1],
        [2, 2],
      ],
    );
    expect(twice.host).toEqual({ runs: 4, updates: 2 });
    expect(twice.a).toBeAllclose(after([], [[1, 2]]).a, { rtol: 1e-5, atol: 1e-6 });
  });

  test('resume with the same bits: dropout, schedules, averages and accumulation', async () => {
    const run = async (options: FitOptions) => {
      const { model } = twoMaps({ rate: 0.3 });
      const optimizer = adamW({ learningRate: linearWarmup({ steps: 6, to: 0.05 }) });
      const step = cachedGradientStep(model, {
        optimizer,
        chunkSize: 5,
        transforms: [accumulate(2), clipByNorm(1), average({ decay: 0.9, warmup: true })],
      });
      const rows = batchOf(44, 9);
      const history = await fit(step, tensorDataset(rows, { batchSize: 12, seed: 3 }), { progress: false, ...options });
      const print = await fingerprint(step.namedState());
      step.dispose();
      return { print, host: step.hostState(), records: history.records };
    };
    const whole = await run({ steps: 14 });
    expect(whole.host).toEqual({ runs: 14, updates: 7 });
    const checkpoint = { folder: newFolder(), everySteps: 1 };
    for (const steps of [1, 2, 5, 11]) await run({ steps, checkpoint });
    expect(await run({ steps: 14, checkpoint })).toEqual(whole);
  });

  test('leave nothing behind, nor when they throw', async () => {
    const { model } = twoMaps();
    const step = cachedGradientStep(model, { optimizer: adamW({ learningRate: 0.1 }), chunkSize: 3 });
    const batch = batchOf(8, 1);
    for (let i = 0; i < 3; i++) tf.dispose(step.run(batch));
    await expectNoLeak(() => step.run(batch));
    const uneven = { ...batch, b: batchOf(7, 1).b };
    await expectNoLeakWhenThrowing(() => step.run(uneven), 'a 8, b 7');
    step.dispose();
    let calls = 0;
    const failing: Contrastive<Batch> = {
      ...model,
      contrast(embeddings, whole) {
        if (calls++ % 2 === 1) throw new Error('no loss');
        return model.contrast(embeddings, whole);
      },
    };
    const wrong = cachedGradientStep(failing, { optimizer: sgd({ learningRate: 0.1 }), chunkSize: 3, compile: false });
    tf.dispose(wrong.run(batch));
    await expectNoLeakWhenThrowing(() => {
      calls = 1;
      return wrong.run(batch);
    }, 'no loss');
  });
});

describe('refusals', () => {
  useBackendHere(backends[0] as string);

  test('name the function that was called', () => {
    const { model } = twoMaps();
    const optimizer = sgd({ learningRate: 0.1 });
    expect(() => cachedGradientStep(model, { optimizer, chunkSize: 0 })).toThrow(
      'cachedGradientStep: chunkSize must be an integer of at least 1, got 0',
    );
    expect(() => cachedGradientStep(model, { optimizer, chunksize: 4 } as never)).toThrow(
      "cachedGradientStep: there is no option 'chunksize', the options are optimizer, transforms, compile, chunkSize; did you mean 'chunkSize'?",
    );
    const { contrast: _, ...plain } = model;
    expect(() => cachedGradientStep(plain as never, { optimizer, chunkSize: 4 })).toThrow(
      'cachedGradientStep: the model must have embedBatch and contrast, it lacks contrast',
    );
    const constant = { ...model, contrast: () => ({ loss: tf.scalar(1) }) };
    const step = cachedGradientStep(constant, { optimizer, chunkSize: 4 });
    expect(() => step.run(batchOf(4, 1))).toThrow(
      'cachedGradientStep: the loss does not depend on any of the variables',
    );
    const foreign = cachedGradientStep(model, { optimizer: tf.train.sgd(0.1), chunkSize: 4 });
    expect(() => foreign.namedState()).toThrow(
      'cachedGradientStep: the state of a SGD of TensorFlow.js cannot be saved',
    );
  });
});
