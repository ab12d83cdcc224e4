import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';

/**
 * How far rows differ from each other: the share of their mean square that is variance,
 * s = mean_i ||x_i - m||^2 / mean_i ||x_i||^2, m the mean row. 0 when all rows are equal (or zero), near 1 when they are centred.
 *
 * @param rows [batch, dimension]
 * @param options.present [batch] of ones and zeros: rows that count, whose others must be zero; all by default
 * @returns a scalar
 * @example
 * const dead = relativeSpread(tf.ones([8, 4])); // 0
 */
export function relativeSpread(
  rows: Tensor2D,
  { present, ...others }: { present?: Tensor1D | undefined } = {},
): Scalar {
  assertKnownOptions('relativeSpread', others, ['present']);
  return tf.tidy(() => {
    const count = present
      ? tf.maximum(tf.sum(tf.cast(tf.greater(present, 0), 'float32')), 1)
      : tf.scalar(rows.shape[0]);
    const square = tf.div(tf.sum(tf.square(rows)), count);
    const ofMean = tf.sum(tf.square(tf.div(tf.sum(rows, 0), count)));
    return tf.div(tf.sub(square, ofMean), tf.maximum(square, 1e-12)) as Scalar;
  });
}
