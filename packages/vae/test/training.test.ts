import { Random, randomUniform } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { linearWarmup } from '@crossmodal/core/schedules';
import { fit, trainStep } from '@crossmodal/core/train';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  convolutionalDecoder,
  convolutionalInference,
  denseDecoder,
  denseInference,
  gaussian,
  type Vae,
  type VaeOptions,
  vae,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

/** Binary pictures of 6x6 pixels: one to three full rows (class 0) or columns (class 1), with a few wrong pixels. */
function bars(count: number, seed: number) {
  const random = new Random(seed);
  const pixels = new Float32Array(count * 36);
  const classes = Array.from({ length: count }, (_, i) => i % 2);
  classes.forEach((c, n) => {
    const lines = Array.from({ length: 6 }, () => random.uniform() < 0.35);
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        const on = lines[c === 0 ? y : x] as boolean;
        pixels[n * 36 + y * 6 + x] = Number(random.uniform() < 0.02 ? !on : on);
      }
    }
  });
  return {
    x: tf.tensor2d(pixels, [count, 36]),
    classes,
    condition: tf.oneHot(tf.tensor1d(classes, 'int32'), 2) as Tensor2D,
  };
}

/** Nats per picture that a model of independent pixels reaches: the best without latents. */
function independentPixels(train: Tensor2D, test: Tensor2D): number {
  return tf.tidy(() => {
    const p = tf.clipByValue(tf.mean(train, 0), 0.01, 0.99);
    const each = tf.add(tf.mul(test, tf.log(p)), tf.mul(tf.sub(1, test), tf.log(tf.sub(1, p))));
    return tf.mean(tf.sum(each, 1)).dataSync()[0] as number;
  });
}

function dense(options: Partial<VaeOptions> = {}): Vae {
  const conditionDimension = options.conditionDimension ?? 0;
  return vae({
    encoder: denseInference({ inputDimension: 36, hidden: [48], conditionDimension, seed: 1 }),
    decoder: denseDecoder({ latentDimension: 12, outputDimension: 36, hidden: [48], conditionDimension, seed: 1 }),
    seed: 1,
    ...options,
  });
}

async function train(model: Vae, batch: { x: Tensor; condition?: Tensor2D }, steps = 300): Promise<void> {
  const step = trainStep(model, { optimizer: adam({ learningRate: 3e-3 }) });
  await fit(step, tensorDataset(batch as never, { batchSize: 64, seed: 1 }), { steps, progress: false });
  step.dispose();
}

describe('a dense VAE', () => {
  it('explains pictures it has not seen better than untrained, and than any model of single pixels', async () => {
    const [learn, test] = [bars(512, 1), bars(200, 2)];
    const model = dense();
    const measure = async () => (await model.elbo(test.x, { random: new Random(3), samples: 4 })).elbo;
    const untrained = await measure();
    await train(model, { x: learn.x });
    const trained = await measure();
    expect(untrained).toBeLessThan(-24);
    expect(trained).toBeGreaterThan(independentPixels(learn.x, test.x) + 5);
    const { logLikelihood } = await model.logLikelihood(test.x, { random: new Random(3), samples: 100 });
    expect(logLikelihood).toBeGreaterThan(trained);
    const wrong = tf.mean(tf.abs(tf.sub(tf.round(model.reconstruct(test.x)), test.x))).dataSync()[0] as number;
    expect(wrong).toBeLessThan(0.12);
  });

  it('importance-weighted and annealed training learn as well', async () => {
    const [learn, test] = [bars(512, 1), bars(200, 2)];
    const baseline = independentPixels(learn.x, test.x);
    for (const options of [
      { objective: 'importance-weighted', samples: 5 },
      { beta: linearWarmup({ steps: 100, to: 1 }) },
    ] satisfies Partial<VaeOptions>[]) {
      const model = dense(options);
      await train(model, { x: learn.x });
      const { logLikelihood } = await model.logLikelihood(test.x, { random: new Random(3), samples: 100 });
      expect(logLikelihood).toBeGreaterThan(baseline + 5);
    }
  });

  it('beta trades reconstruction for divergence', async () => {
    const learn = bars(512, 1);
    const [plain, heavy] = [dense(), dense({ beta: 8 })];
    await train(plain, { x: learn.x }, 200);
    await train(heavy, { x: learn.x }, 200);
    const [free, held] = await Promise.all(
      [plain, heavy].map((model) => model.elbo(learn.x, { random: new Random(1) })),
    );
    expect(held!.divergence).toBeLessThan(free!.divergence - 2);
    expect(held!.reconstruction).toBeGreaterThan(free!.reconstruction + 2);
  });

  it('is the same for the same seed', async () => {
    const weights = async () => {
      const model = dense();
      await train(model, { x: bars(128, 1).x }, 4);
      return Object.values(model.namedVariables()).map((variable) => variable.dataSync().slice());
    };
    expect(await weights()).toEqual(await weights());
  });
});

it('a conditional VAE draws what its condition says', async () => {
  const model = dense({ conditionDimension: 2 });
  const learn = bars(512, 1);
  await train(model, { x: learn.x, condition: learn.condition }, 600);
  const asked = Array.from({ length: 100 }, (_, i) => i % 2);
  const condition = tf.oneHot(tf.tensor1d(asked, 'int32'), 2) as Tensor2D;
  const drawn = tf.reshape(model.sample(100, { condition, random: new Random(4) }), [100, 6, 6]);
  // Rows (class 0) differ from one another in their means, columns do not.
  const spread = (axis: number) => tf.moments(tf.mean(drawn, axis), 1).variance;
  const rows = tf.cast(tf.greater(spread(2), spread(1)), 'int32').dataSync();
  const right = asked.filter((c, i) => (c === 0) === (rows[i] === 1)).length;
  expect(right).toBeGreaterThan(68); // chance: 50, with a deviation of 5
});

it('a convolutional VAE learns grey pictures of blobs, with a Gaussian likelihood', async () => {
  const blobs = (count: number, seed: number) => {
    const random = new Random(seed);
    return tf.tidy(() => {
      const [cx, cy] = [0, 1].map(() => randomUniform([count, 1, 1, 1], { random, low: 1, high: 7 })) as [
        Tensor,
        Tensor,
      ];
      const grid = tf.range(0, 8, 1, 'float32');
      const dx = tf.square(tf.sub(tf.reshape(grid, [1, 1, 8, 1]), cx));
      const dy = tf.square(tf.sub(tf.reshape(grid, [1, 8, 1, 1]), cy));
      return tf.exp(tf.mul(-0.3, tf.add(dx, dy))) as Tensor4D;
    });
  };
  const network = { size: 8, channels: 1, blocks: 2, width: 8, seed: 1 };
  const model = vae({
    encoder: convolutionalInference({ ...network, features: 32 }),
    decoder: convolutionalDecoder({ ...network, latentDimension: 4 }),
    likelihood: gaussian({ standardDeviation: 0.1 }),
    seed: 1,
  });
  const test = blobs(64, 2);
  const error = () => tf.mean(tf.square(tf.sub(model.reconstruct(test), test))).dataSync()[0] as number;
  const blank = tf.mean(tf.square(tf.sub(tf.mean(test, 0), test))).dataSync()[0] as number;
  const untrained = (await model.elbo(test, { random: new Random(1) })).elbo;
  await train(model, { x: blobs(512, 1) });
  const trained = (await model.elbo(test, { random: new Random(1) })).elbo;
  expect(trained).toBeGreaterThan(untrained + 100);
  expect(error()).toBeLessThan(blank / 4);
  expect(model.sample(3, { random: new Random(1) }).shape).toEqual([3, 8, 8, 1]);
  expect(() => convolutionalInference({ size: 30, blocks: 2 })).toThrow('size 30 and 2 blocks');
});
