import { withoutGradient } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The entries (i, firstColumn + i) of a matrix, for all its rows; without gradient. */
export function diagonalEntries(x: Tensor2D, firstColumn = 0): Tensor1D {
  const [rows, columns] = x.shape;
  return withoutGradient(() => {
    const step = columns + 1;
    const indices = tf.range(firstColumn, firstColumn + rows * step, step, 'int32');
    return tf.gather(tf.reshape(x, [-1]), indices) as Tensor1D;
  });
}

/**
 * The gradient of one tensor with the value of another that equals it up to rounding. The matched similarities of a batch are cheap to
 * differentiate as row-wise products, but must be subtracted from a log-sum-exp of the very numbers of the matrix: at a temperature of
 * 1e-3 the last digit of a similarity is worth 1e-4.
 */
export function withValueOf(differentiable: Tensor1D, exact: Tensor1D): Tensor1D {
  return tf.tidy(
    () =>
      tf.add(
        differentiable,
        withoutGradient(() => tf.sub(exact, differentiable)),
      ) as Tensor1D,
  );
}
