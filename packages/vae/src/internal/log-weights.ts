import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * log (1/K) sum_k exp(w_k) over the first axis, per row.
 *
 * @param logWeights [samples, batch]
 * @returns [batch]
 */
export function logMeanExp(logWeights: Tensor2D): Tensor1D {
  return tf.tidy(() => {
    const samples = logWeights.shape[0];
    return tf.sub(tf.logSumExp(logWeights, 0), Math.log(samples)) as Tensor1D;
  });
}

/** sum_d log N(z; 0, 1), per row. */
export function standardNormalLogDensity(z: Tensor): Tensor1D {
  return tf.tidy(() => {
    const terms = tf.add(tf.square(z), Math.log(2 * Math.PI));
    return tf.mul(-0.5, tf.sum(terms, -1)) as Tensor1D;
  });
}
