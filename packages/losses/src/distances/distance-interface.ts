import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** A distance between embeddings: the smaller, the closer. Bring your own wherever a `distance` option is taken. */
export interface Distance {
  /** All against all: [n, dim] and [m, dim] to [n, m]. */
  pairwise(a: Tensor2D, b: Tensor2D): Tensor2D;
  /** Row i against row i: [n, dim] and [n, dim] to [n]. */
  paired(a: Tensor2D, b: Tensor2D): Tensor1D;
}
