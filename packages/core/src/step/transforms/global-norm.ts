import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../../errors.js';

export interface NormOptions {
  /** p of the norm (sum |g|^p)^(1/p), at least 1; Infinity is the largest component. */
  order?: number;
}

/** @throws CrossmodalError unless order is a number of at least 1 */
export function checkOrder(caller: string, order: unknown): void {
  if (typeof order === 'number' && order >= 1) return;
  throw new CrossmodalError(`${caller}: order must be a number of at least 1, or Infinity, got ${String(order)}`, {
    remedy: '2 is the Euclidean norm, Infinity the largest component',
  });
}

/**
 * The norm of all gradients together: (sum over all components |g|^p)^(1/p), p = `order`.
 *
 * @param gradients any shapes
 * @returns a scalar
 * @throws CrossmodalError without gradients, and for an order below 1
 * @example
 * const norm = globalNorm([tf.tensor1d([3]), tf.tensor1d([-4])]); // 5
 * const sum = globalNorm([tf.tensor1d([3]), tf.tensor1d([-4])], { order: 1 }); // 7
 */
export function globalNorm(gradients: readonly Tensor[], { order = 2 }: NormOptions = {}): Scalar {
  checkOrder('globalNorm', order);
  if (gradients.length === 0) throw new CrossmodalError('globalNorm: needs at least one gradient, got none');
  return tf.tidy(() => {
    const sum = (parts: Tensor[]): Tensor => (parts.length === 1 ? (parts[0] as Tensor) : tf.addN(parts));
    if (order === 2) return tf.sqrt(sum(gradients.map((gradient) => tf.sum(tf.square(gradient))))) as Scalar;
    if (order === 1) return tf.clone(sum(gradients.map((gradient) => tf.sum(tf.abs(gradient))))) as Scalar;
    const largest = tf.max(tf.stack(gradients.map((gradient) => tf.max(tf.abs(gradient))))) as Scalar;
    if (order === Number.POSITIVE_INFINITY) return largest;
    // Divided by the largest component first: its p-th power need not be a finite float32.
    const unit = tf.maximum(largest, 1e-30);
    const powers = gradients.map((gradient) => tf.sum(tf.pow(tf.div(tf.abs(gradient), unit), order)));
    return tf.mul(largest, tf.pow(sum(powers), 1 / order)) as Scalar;
  });
}

/**
 * All gradients times min(1, limit / (norm + 1e-6)), norm being that of all of them together.
 *
 * @see Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013), algorithm 1;
 *   the 1e-6 is torch's
 * @example
 * const { scaled, norm } = scaleToNorm([tf.tensor1d([3, 4])], 1); // [[0.6, 0.8]], 5
 */
export function scaleToNorm<T extends Tensor>(
  gradients: readonly T[],
  limit: number,
  options: NormOptions = {},
): { scaled: T[]; norm: Scalar } {
  const norm = globalNorm(gradients, options);
  const scaled = tf.tidy(() => {
    const scale = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6)));
    return gradients.map((gradient) => tf.mul(gradient, scale) as T);
  });
  return { scaled, norm };
}
