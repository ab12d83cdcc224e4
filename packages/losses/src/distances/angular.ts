import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { differencesFit } from '../internal/differences.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import type { Distance } from './distance-interface.js';
import { squaredEuclideanDistance } from './euclidean.js';

/** Cosines are kept this far from -1 and 1, where the arc cosine has an infinite slope. */
const MARGIN = 1e-7;

/**
 * The angle between unit vectors u and v from their squared chords ||u - v||^2 and ||u + v||^2. With tan(theta / 4) = ||u - v|| /
 * (2 + ||u + v||) it keeps its digits everywhere, where arccos(u . v) has an error of 3e-4 near 0 and pi in float32. A zero vector and
 * a unit vector have two chords of length 1, an angle of pi / 2, as arccos(0) says; two zero vectors are given the same.
 */
function angleFromChords<T extends Tensor>(difference: T, sum: T): T {
  return tf.tidy(() => {
    const both = tf.add(difference, sum); // 4 for unit vectors
    const bothZero = tf.sub(1, tf.step(tf.sub(both, 1)));
    const opposite = safeSqrt(tf.add(difference, bothZero));
    const adjacent = safeSqrt(tf.add(sum, bothZero));
    const diameter = tf.sqrt(tf.add(both, tf.mul(2, bothZero)));
    return tf.mul(4, tf.atan(tf.div(opposite, tf.add(diameter, adjacent)))) as T;
  });
}

function angularPairwise(a: Tensor2D, b: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    const [u, v] = [l2Normalize(a), l2Normalize(b)];
    if (differencesFit(a, b)) {
      const squared = squaredEuclideanDistance.pairwise;
      return angleFromChords(squared(u, v), squared(u, tf.neg(v)));
    }
    const cosine = tf.matMul(u, v, false, true);
    return tf.acos(tf.clipByValue(cosine, MARGIN - 1, 1 - MARGIN)) as Tensor2D;
  });
}

function angularPaired(a: Tensor2D, b: Tensor2D): Tensor1D {
  return tf.tidy(() => {
    const [u, v] = [l2Normalize(a), l2Normalize(b)];
    const squared = squaredEuclideanDistance.paired;
    return angleFromChords(squared(u, v), squared(u, tf.neg(v)));
  });
}

/** d(a, b) = arccos(n(a) . n(b)) in radians, from 0 to pi; divide by pi for [0, 1]. */
export const angularDistance: Distance = { pairwise: angularPairwise, paired: angularPaired };
