import { Random, randomNormal } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bernoulli, categorical, gaussian } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const meanOf = (x: Tensor, axis = 0) => tf.mean(tf.cast(x, 'float32'), axis);

describe('bernoulli', () => {
  it('has the log likelihood of a loop, the right mean, and draws of the right frequency', () => {
    const logits = tf.tensor2d([
      [0, 2],
      [-30, 80],
    ]);
    const values = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    const { logLikelihood, mean, sample } = bernoulli();
    expect(logLikelihood(logits, values)).toBeAllclose([Math.log(0.5) - 2 - Math.log1p(Math.exp(-2)), 0], {
      atol: 1e-6,
    });
    expect(mean(logits)).toBeAllclose([[0.5, 1 / (1 + Math.exp(-2))], [0, 1]], { atol: 1e-6 }); // biome-ignore format: rows
    const drawn = sample(tf.tile(tf.tensor2d([[0, 2]]), [4000, 1]), { random: new Random(1) });
    expect(meanOf(drawn)).toBeAllclose([0.5, 0.8808], { atol: 0.03 });
  });
});

describe('gaussian', () => {
  it('with a fixed deviation has the log density of the formula', () => {
    const { logLikelihood, sample } = gaussian({ standardDeviation: 2 });
    const density = (d: number) => -0.5 * (Math.log(2 * Math.PI * 4) + d ** 2 / 4);
    const mean = tf.tensor2d([[1, 2, 3]]);
    expect(logLikelihood(mean, tf.tensor2d([[1, 0, 6]]))).toBeAllclose([density(0) + density(2) + density(3)], {
      rtol: 1e-5,
    });
    const drawn = sample(tf.zeros([4000, 1]), { random: new Random(2) });
    expect(tf.sqrt(tf.mean(tf.square(drawn)))).toBeAllclose(2, { rtol: 0.05 });
  });

  it('learns a variance for each value, not below the floor', () => {
    const { logLikelihood, mean, sample, parametersPerValue } = gaussian({
      standardDeviation: 'learned',
      leastLogVariance: -2,
    });
    expect(parametersPerValue).toBe(2);
    const parameters = tf.tensor2d([[1, 2, Math.log(9), -50]]);
    const density = (d: number, variance: number) => -0.5 * (Math.log(2 * Math.PI * variance) + d ** 2 / variance);
    const expected = density(3, 9) + density(1, Math.exp(-2));
    expect(logLikelihood(parameters, tf.tensor2d([[4, 3]]))).toBeAllclose([expected], { rtol: 1e-5 });
    expect(mean(parameters)).toBeAllclose([[1, 2]]);
    const drawn = tf.sub(sample(tf.tile(parameters, [4000, 1]), { random: new Random(3) }), tf.tensor2d([[1, 2]]));
    expect(tf.sqrt(meanOf(tf.square(drawn)))).toBeAllclose([3, Math.exp(-1)], { rtol: 0.06 });
  });
});

describe('categorical', () => {
  it('sums the log probabilities of the positions that count', () => {
    const logits = randomNormal<Tensor2D>([2, 9], { random: new Random(4) });
    const rows = logits.arraySync();
    const logSoftmax = (row: number[], t: number, c: number) => {
      const part = row.slice(3 * t, 3 * t + 3);
      return (part[c] as number) - Math.log(part.reduce((sum, v) => sum + Math.exp(v), 0));
    };
    const ids = [
      [2, 0, 1],
      [1, 1, 0],
    ];
    const naive = (skip?: number) =>
      ids.map((id, i) => id.reduce((sum, c, t) => sum + (c === skip ? 0 : logSoftmax(rows[i] as number[], t, c)), 0));
    const values = tf.tensor2d(ids, [2, 3], 'int32');
    expect(categorical({ classes: 3 }).logLikelihood(logits, values)).toBeAllclose(naive(), { rtol: 1e-5 });
    expect(categorical({ classes: 3, padding: 0 }).logLikelihood(logits, values)).toBeAllclose(naive(0), {
      rtol: 1e-5,
    });
  });

  it('names the most probable value, and draws by softmax', () => {
    const { mean, sample } = categorical({ classes: 3 });
    expect(mean(tf.tensor2d([[0, 5, 1, 9, 0, 0]]))).toBeAllclose([[1, 0]]);
    const logits = tf.tile(tf.tensor2d([[0, Math.log(2), Math.log(5)]]), [4000, 1]);
    const drawn = tf.oneHot(tf.reshape(sample(logits, { random: new Random(5) }), [-1]) as tf.Tensor1D, 3);
    expect(meanOf(drawn)).toBeAllclose([1 / 8, 2 / 8, 5 / 8], { atol: 0.03 });
  });
});

it('bad input is named, and nothing is left behind', async () => {
  const logits = tf.zeros([2, 6]);
  const wide = tf.zeros([2, 5]);
  expect(() => bernoulli().logLikelihood(logits, wide)).toThrow('so values must be [2,6], got [2,5]');
  expect(() => gaussian({ standardDeviation: 0 })).toThrow("standardDeviation must be positive or 'learned', got 0");
  expect(() => gaussian({ standardDeviation: 'learned' }).logLikelihood(logits, wide)).toThrow(
    'must be [2,3], got [2,5]',
  );
  expect(() => categorical({ classes: 1 })).toThrow('classes must be an integer of at least 2, got 1');
  expect(() => categorical({ classes: 3 }).logLikelihood(logits, wide)).toThrow('values must be int32 [batch, 2]');
  for (const likelihood of [bernoulli(), gaussian(), gaussian({ standardDeviation: 'learned' })]) {
    const values = tf.zeros([2, 6 / likelihood.parametersPerValue]);
    await expectNoLeak(() => likelihood.logLikelihood(logits, values));
    await expectNoLeakWhenThrowing(() => likelihood.logLikelihood(logits, wide), /./);
    await expectNoLeak(() => likelihood.mean(logits));
    await expectNoLeak(() => likelihood.sample(logits, { random: new Random(1) }));
  }
});
