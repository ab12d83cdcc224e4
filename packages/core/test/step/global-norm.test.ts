import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { globalNorm, scaleToNorm } from '../../src/step/index.js';
import { useTestBackend } from '../device/backends.js';

useTestBackend();

describe('globalNorm', () => {
  const gradients = () => [tf.tensor1d([3, -4]), tf.tensor2d([[12], [0]])];

  test.each([
    [1, 19],
    [2, 13],
    [3, (3 ** 3 + 4 ** 3 + 12 ** 3) ** (1 / 3)],
    [1.5, (3 ** 1.5 + 4 ** 1.5 + 12 ** 1.5) ** (1 / 1.5)],
    [Number.POSITIVE_INFINITY, 12],
  ])('of order %d is the p-norm of all components', (order, expected) => {
    expect(globalNorm(gradients(), { order })).toBeAllclose(tf.scalar(expected), { rtol: 1e-5 });
  });

  test('of a high order stays finite', () => {
    expect(globalNorm([tf.tensor1d([1e20, 1e20])], { order: 4 })).toBeAllclose(tf.scalar(1e20 * 2 ** 0.25), {
      rtol: 1e-5,
    });
    expect(globalNorm([tf.zeros([3])], { order: 3 })).toBeAllclose(tf.scalar(0));
  });

  test('refuses orders that are no norms', () => {
    for (const order of [0.5, 0, -1, Number.NaN, 'largest' as never]) {
      expect(() => globalNorm(gradients(), { order })).toThrow('globalNorm: order must be a number of at least 1');
    }
    expect(() => globalNorm([])).toThrow('needs at least one gradient');
  });

  test('scaleToNorm leaves what is below the limit', () => {
    const { scaled, norm } = scaleToNorm([tf.tensor1d([3, 4])], 10);
    expect(scaled[0]!).toBeAllclose([3, 4]);
    expect(norm).toBeAllclose(tf.scalar(5));
  });
});
