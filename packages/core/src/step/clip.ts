import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface ClipOptions {
  /** 2 for the Euclidean norm, 'largest' for the largest component. */
  order?: 2 | 'largest';
}

/**
 * The norm of all gradients together.
 *
 * @example
 * const norm = globalNorm([tf.tensor1d([3]), tf.tensor1d([4])]); // 5
 */
export function globalNorm(gradients: readonly Tensor[], { order = 2 }: ClipOptions = {}): Scalar {
  return tf.tidy(() => {
    if (order !== 2) return tf.max(tf.stack(gradients.map((gradient) => tf.max(tf.abs(gradient))))) as Scalar;
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(squares.length === 1 ? squares[0]! : tf.addN(squares)) as Scalar;
  });
}

/**
 * Scales all gradients by min(1, limit / (norm + 1e-6)), norm being that of all of them together.
 *
 * @see Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013), algorithm 1;
 *   the 1e-6 is torch's
 * @example
 * const { clipped, norm } = clipByNorm([tf.tensor1d([3, 4])], 1); // [[0.6, 0.8]], 5
 */
export function clipByNorm<T extends Tensor>(
  gradients: readonly T[],
  limit: number,
  options: ClipOptions = {},
): { clipped: T[]; norm: Scalar } {
  const norm = globalNorm(gradients, options);
  const clipped = tf.tidy(() => {
    const scale = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
    return gradients.map((gradient) => tf.mul(gradient, scale) as T);
  });
  return { clipped, norm };
}

/**
 * Limits each component of each gradient to [-limit, limit].
 *
 * @example
 * const clipped = clipByValue([tf.tensor1d([-3, 0.5])], 1); // [[-1, 0.5]]
 */
export function clipByValue<T extends Tensor>(gradients: readonly T[], limit: number): T[] {
  return gradients.map((gradient) => tf.clipByValue(gradient, -limit, limit) as T);
}
