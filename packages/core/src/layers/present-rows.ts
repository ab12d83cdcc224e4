import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';

/**
 * Rows in which each missing one is a copy of the first that is present, so that what stands in its place (zeros, NaN) reaches
 * neither a network nor its batch statistics. Without any present row all are zero.
 *
 * @param rows [batch, ...]
 * @param present [batch]: above 0 where the row is there
 * @returns the shape of `rows`
 * @throws CrossmodalError when the lengths differ
 * @example
 * const filled = presentRows(tf.tensor1d([1, NaN, 3]), tf.tensor1d([1, 0, 1])); // 1 1 3
 */
export function presentRows<T extends Tensor>(rows: T, present: Tensor1D): T {
  if (present.rank !== 1 || rows.rank < 1 || rows.shape[0] !== present.shape[0]) {
    throw new CrossmodalError(
      `presentRows: present must have one value per row, got [${present.shape}] for rows [${rows.shape}]`,
    );
  }
  return tf.tidy(() => {
    const there = tf.greater(present, 0);
    const first = tf.argMax(tf.cast(there, 'float32'));
    const index = tf.where(there, tf.range(0, present.shape[0], 1, 'int32'), first) as Tensor1D;
    const filled = tf.gather(rows, index);
    const some = tf.broadcastTo(
      tf.reshape(
        tf.any(there),
        rows.shape.map(() => 1),
      ),
      rows.shape,
    );
    return tf.where(some, filled, tf.zerosLike(filled)) as T;
  });
}
