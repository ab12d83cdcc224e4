import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  cka,
  coral,
  energyDistance,
  gaussianKernel,
  hsic,
  linearKernel,
  mmd,
  pairwiseDistance,
  tripletLoss,
  wasserstein1d,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const OFFSET = 2 ** 15;

/** Rows on a grid of 1/16 in [0, 4), which float32 holds exactly also when 2^15 is added; more numbers than one block of differences. */
function gridRows(rows: number, columns: number, seed: number): Tensor2D {
  return tf.tidy(() => tf.div(tf.floor(tf.randomUniform([rows, columns], 0, 64, 'float32', seed)), 16));
}
const far = (x: Tensor2D) => tf.add(x, OFFSET) as Tensor2D;

describe('distances do not depend on the origin', () => {
  it.each([
    ['few rows', 20],
    ['many rows', 300],
  ])('%s', (_, rows) => {
    const [a, b] = [gridRows(rows, 16, 1), gridRows(rows, 16, 2)];
    for (const distance of ['squared-euclidean', 'euclidean', 'manhattan'] as const) {
      const near = pairwiseDistance(a, b, { distance });
      const away = pairwiseDistance(far(a), far(b), { distance });
      expect(away).toBeAllclose(near, { rtol: 1e-5, atol: 1e-4 });
    }
  });

  it('is 0 from a row to itself in sets of any size, and its gradients stay right beside it', () => {
    const x = far(gridRows(300, 16, 3));
    const d = pairwiseDistance(x, x, { distance: 'euclidean' });
    const diagonal = tf.sum(tf.mul(d, tf.eye(300)));
    expect(diagonal).toBeAllclose(0, { atol: 0 });
    const gradient = (z: Tensor) =>
      tf.sum(pairwiseDistance(z as Tensor2D, z as Tensor2D, { distance: 'euclidean' })) as Scalar;
    const origin = tf.grad(gradient)(gridRows(300, 16, 3));
    expect(tf.grad(gradient)(x)).toBeAllclose(origin, { rtol: 1e-3, atol: 2e-2 });
  });
});

describe('statistics do not depend on the origin', () => {
  const statistics: [string, (x: Tensor2D, y: Tensor2D) => Scalar][] = [
    ['mmd, median heuristic', (x, y) => mmd(x, y)],
    [
      'mmd, mean heuristic, unbiased',
      (x, y) => mmd(x, y, { kernel: gaussianKernel({ sigma: 'mean' }), estimator: 'unbiased' }),
    ],
    ['mmd, linear', (x, y) => mmd(x, y, { kernel: linearKernel() })],
    ['mmd, linear, unbiased', (x, y) => mmd(x, y, { kernel: linearKernel(), estimator: 'unbiased' })],
    ['mmd, linear, linear time', (x, y) => mmd(x, y, { kernel: linearKernel(), estimator: 'linear-time' })],
    ['hsic', (x, y) => hsic(x, y)],
    ['hsic, linear', (x, y) => hsic(x, y, { kernelX: linearKernel(), kernelY: linearKernel() })],
    ['cka', (x, y) => cka(x, y)],
    ['cka, linear kernel', (x, y) => cka(x, y, { kernel: linearKernel() })],
    ['energy distance', (x, y) => energyDistance(x, y, { root: false })],
    ['coral', (x, y) => coral(x, y)],
    ['coral with means', (x, y) => coral(x, y, { means: true })],
    ['triplets', (x, y) => tripletLoss(tf.slice(x, 0, 40), tf.slice(y, 0, 40))],
    ['wasserstein', (x, y) => wasserstein1d(tf.reshape(x, [-1]), tf.reshape(y, [-1]))],
  ];
  it.each(statistics)('%s', (_, statistic) => {
    const x = gridRows(180, 16, 5);
    const y = tf.add(tf.mul(gridRows(180, 16, 6), 0.5), tf.mul(x, 0.5)) as Tensor2D;
    expect(statistic(far(x), far(y))).toBeAllclose(statistic(x, y), { rtol: 5e-3, atol: 1e-5 });
  });
});
