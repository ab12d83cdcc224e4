import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { presentRows } from '../../src/layers/index.js';
import { relativeSpread } from '../../src/metrics/index.js';
import { useTestBackend } from '../device/backends.js';

useTestBackend();

test('relativeSpread is the share of variance in the mean square', () => {
  const rows = [
    [1, 2],
    [3, -2],
    [2, 3],
  ];
  const mean = [2, 1];
  const square = rows.flat().reduce((sum, x) => sum + x * x, 0);
  const variance = rows.reduce((sum, row) => sum + (row[0]! - mean[0]!) ** 2 + (row[1]! - mean[1]!) ** 2, 0);
  expect(relativeSpread(tf.tensor2d(rows))).toBeAllclose(tf.scalar(variance / square), { rtol: 1e-5 });
  expect(relativeSpread(tf.fill([4, 3], 7) as Tensor2D)).toBeAllclose(tf.scalar(0), { atol: 1e-6 });
  expect(relativeSpread(tf.zeros([4, 3]))).toBeAllclose(tf.scalar(0));
  const present = tf.tensor1d([1, 0, 1, 1]) as Tensor1D;
  const masked = tf.tensor2d([rows[0]!, [0, 0], rows[1]!, rows[2]!]);
  expect(relativeSpread(masked, { present })).toBeAllclose(tf.scalar(variance / square), { rtol: 1e-5 });
});

test('presentRows puts a present row in the place of a missing one', () => {
  const rows = tf.tensor2d([
    [Number.NaN, 0],
    [1, 2],
    [3, 4],
    [5, Number.POSITIVE_INFINITY],
  ]);
  const present = tf.tensor1d([0, 1, 1, 0]) as Tensor1D;
  expect(presentRows(rows, present)).toBeAllclose([[1, 2], [1, 2], [3, 4], [1, 2]]); // biome-ignore format: a table
  expect(presentRows(rows, tf.zeros([4]))).toBeAllclose(tf.zeros([4, 2]));
  const ids = tf.tensor2d([[7], [8]], [2, 1], 'int32');
  const filled = presentRows(ids, tf.tensor1d([1, 0], 'bool') as Tensor1D);
  expect(filled.dtype).toBe('int32');
  expect(filled).toBeAllclose([[7], [7]]);
  expect(() => presentRows(rows, tf.ones([3]))).toThrow(
    'presentRows: present must have one value per row, got [3] for rows [4,2]',
  );
});
