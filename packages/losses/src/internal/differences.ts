import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Largest [n, m, dim] block of differences that is made at once: 2^20 floats, 4 MB. */
export const LARGEST_BLOCK = 2 ** 20;

/** a_i - b_j for all i and j: [n, m, dim]. Exact where rows are equal, which the matrix-product form is not. */
export function differences(a: Tensor2D, b: Tensor2D): Tensor3D {
  return tf.tidy(() => tf.sub(tf.expandDims(a, 1), tf.expandDims(b, 0)) as Tensor3D);
}

/** Whether all differences of a and b fit in one block. */
export function differencesFit(a: Tensor2D, b: Tensor2D): boolean {
  return a.shape[0] * b.shape[0] * a.shape[1] <= LARGEST_BLOCK;
}
