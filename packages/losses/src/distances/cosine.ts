import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Distance } from './distance-interface.js';

/**
 * Cosine similarity of all rows of a with all rows of b: s_ij = n(a_i) . n(b_j), in [-1, 1]; 0 for a zero vector.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32
 * @returns [n, m]
 * @example
 * const s = cosineSimilarity(tf.tensor2d([[2, 0]]), tf.tensor2d([[1, 0], [0, 1]])); // [[1, 0]]
 */
export function cosineSimilarity(a: Tensor2D, b: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.matMul(l2Normalize(a), l2Normalize(b), false, true));
}

/** d(a, b) = 1 - n(a) . n(b), from 0 (same direction) to 2 (opposite). */
export const cosineDistance: Distance = {
  pairwise: (a, b) => tf.tidy(() => tf.sub(1, cosineSimilarity(a, b)) as Tensor2D),
  paired: (a, b) => tf.tidy(() => tf.sub(1, tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), 1)) as Tensor1D),
};
