import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** [rows, depth] with a 1 at each row's index, any depth from 1 (TensorFlow.js's own wants 2). An index outside gives zeros. */
export function oneHot(indices: Tensor1D, depth: number): Tensor2D {
  return tf.tidy(() => {
    const columns = tf.range(0, depth, 1, 'int32');
    return tf.cast(tf.equal(tf.expandDims(tf.cast(indices, 'int32'), 1), columns), 'float32') as Tensor2D;
  });
}
