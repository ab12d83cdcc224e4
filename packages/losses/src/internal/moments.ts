import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** x minus the mean of its columns. */
export function centre(x: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.sub(x, tf.mean(x, 0, true)) as Tensor2D);
}

/** The unbiased covariance of the columns, [dim, dim]; zero for a single row. */
export function covariance(x: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    const centred = centre(x);
    return tf.div(tf.matMul(centred, centred, true, false), Math.max(x.shape[0] - 1, 1)) as Tensor2D;
  });
}

/** sum_{i != j} c_ij^2 of a square matrix. */
export function offDiagonalSquares(c: Tensor2D, diagonal: Tensor2D) {
  return tf.tidy(() => tf.sum(tf.square(tf.mul(c, tf.sub(1, diagonal)))));
}
