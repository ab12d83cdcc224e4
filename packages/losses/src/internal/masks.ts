import { withoutGradient } from '@crossmodal/core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A logit that no softmax notices, and that survives a subtraction in float32. */
export const EXCLUDED = -1e30;

/** [rows, columns] with 1 where the row index equals the column index, made on the device. */
export function identityMask(rows: number, columns: number): Tensor2D {
  return tf.tidy(() => {
    const i = tf.range(0, rows, 1, 'int32');
    const j = rows === columns ? i : tf.range(0, columns, 1, 'int32');
    return tf.cast(tf.equal(tf.expandDims(i, 1), tf.expandDims(j, 0)), 'float32') as Tensor2D;
  });
}

/** 1 where x > threshold, else 0; without gradient. */
export function above<T extends Tensor>(x: T, threshold: Tensor | number): T {
  return withoutGradient(() => tf.cast(tf.greater(x, threshold), 'float32') as T);
}

/** 1 where x >= threshold, else 0; without gradient. */
export function atLeast<T extends Tensor>(x: T, threshold: Tensor | number): T {
  return withoutGradient(() => tf.cast(tf.greaterEqual(x, threshold), 'float32') as T);
}

/** x where the 0/1 mask is 1, `otherwise` elsewhere; the gradient flows through the chosen entries only. */
export function keepWhere<T extends Tensor>(mask: Tensor, x: T, otherwise: number): T {
  return tf.tidy(() => tf.where(tf.greater(mask, 0.5), x, tf.fill(x.shape, otherwise)) as T);
}
