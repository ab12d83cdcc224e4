import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { differences, differencesFit } from '../internal/differences.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import type { Distance } from './distance-interface.js';

/**
 * ||a_i - b_j||^2. Up to 2^20 numbers the differences are made one by one (exact for equal rows); beyond, from
 * ||a||^2 + ||b||^2 - 2 a.b, which loses about 1e-7 of ||a||^2 to rounding and is as fast as a matrix product. torch.cdist
 * switches in the same way.
 */
function squaredDistances(a: Tensor2D, b: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    if (differencesFit(a, b)) return tf.sum(tf.square(differences(a, b)), 2) as Tensor2D;
    const lengths = tf.add(tf.sum(tf.square(a), 1, true), tf.expandDims(tf.sum(tf.square(b), 1), 0));
    return tf.relu(tf.sub(lengths, tf.mul(2, tf.matMul(a, b, false, true)))) as Tensor2D;
  });
}

/** d(a, b) = ||a - b||_2^2. */
export const squaredEuclideanDistance: Distance = {
  pairwise: squaredDistances,
  paired: (a, b) => tf.tidy(() => tf.sum(tf.square(tf.sub(a, b)), 1) as Tensor1D),
};

/** d(a, b) = ||a - b||_2, with gradient 0 where a = b. */
export const euclideanDistance: Distance = {
  pairwise: (a, b) => tf.tidy(() => safeSqrt(squaredDistances(a, b))),
  paired: (a, b) => tf.tidy(() => safeSqrt(squaredEuclideanDistance.paired(a, b))),
};
