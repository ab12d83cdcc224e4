import { withoutGradient } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { differences, differencesFit } from '../internal/differences.js';
import { identityMask } from '../internal/masks.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import type { Distance } from './distance-interface.js';

/**
 * ||a_i - b_j||^2. Up to 2^20 numbers the differences are made one by one (exact for equal rows); beyond, from
 * ||a||^2 + ||b||^2 - 2 a.b, which is as fast as a matrix product. torch.cdist switches in the same way. The second form loses about
 * 1e-7 of ||a||^2 to rounding, so the mean of b is taken off both first: distances do not depend on the origin, and with it near the
 * rows only their spread counts. The diagonal of a set against itself is 0.
 */
function squaredDistances(a: Tensor2D, b: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    if (differencesFit(a, b)) return tf.sum(tf.square(differences(a, b)), 2) as Tensor2D;
    // A constant: the gradients through the origin would cancel.
    const origin = withoutGradient(() => tf.mean(b, 0, true));
    const [u, v] = [tf.sub(a, origin), tf.sub(b, origin)] as [Tensor2D, Tensor2D];
    const lengths = tf.add(tf.sum(tf.square(u), 1, true), tf.expandDims(tf.sum(tf.square(v), 1), 0));
    const squared = tf.relu(tf.sub(lengths, tf.mul(2, tf.matMul(u, v, false, true)))) as Tensor2D;
    return a === b ? tf.mul(squared, tf.sub(1, identityMask(a.shape[0], a.shape[0]))) : squared;
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
