import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Each row in descending order, differentiable: `topk` has no gradient, but a sort is a permutation, so the gradient is the
 * incoming one under the inverse permutation. Both directions are gathers.
 */
export function sortRows(x: Tensor2D): Tensor2D {
  const operation = tf.customGrad((...inputs) => {
    const [rows, save] = inputs as unknown as [Tensor2D, (tensors: Tensor[]) => void];
    const value = tf.topk(rows, rows.shape[1]).values;
    save([rows]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => tf.tidy(() => unsort(dy as Tensor2D, saved[0] as Tensor2D));
    return { value, gradFunc };
  });
  return operation(x) as Tensor2D;
}

/** Puts sorted entries back to where they came from: out[r, order[r, k]] = sorted[r, k]. */
function unsort(sorted: Tensor2D, original: Tensor2D): Tensor2D {
  const [rows, columns] = original.shape;
  const order = tf.topk(original, columns).indices;
  // The rank of each original entry: positions in ascending order of their source index.
  const rank = tf.topk(tf.neg(tf.cast(order, 'float32')), columns).indices;
  const offset = tf.expandDims(tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(columns, 'int32')), 1);
  return tf.gather(tf.reshape(sorted, [-1]) as Tensor, tf.add(tf.cast(rank, 'int32'), offset)) as Tensor2D;
}
