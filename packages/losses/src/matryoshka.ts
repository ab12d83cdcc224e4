import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface MatryoshkaOptions {
  /** Lengths at which the vectors must be of use by themselves, such as [768, 256, 64]. */
  dimensions: readonly number[];
  /**
   * One factor per length; 1 unless given.
   * @default dimensions?.map(() => 1)
   */
  weights?: readonly number[];
}

/**
 * Matryoshka representation learning: a loss on the first m values of each vector, for several m, so that vectors can be cut
 * off later and still be compared.
 *
 * L = sum over m of w_m loss(a[:, :m], b[:, :m]); losses that normalise their vectors do so after the cut.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32
 * @param loss of two matrices, such as `infoNce`
 * @returns a scalar
 * @throws CrossmodalError when a length is out of range, or the weights are not as many
 * @see Kusupati et al., 2022, Matryoshka Representation Learning, eq. 1
 * @example
 * const loss = matryoshka(texts, images, (x, y) => infoNce(x, y, { temperature: 0.05 }), { dimensions: [4, 2] });
 */
export function matryoshka(
  a: Tensor2D,
  b: Tensor2D,
  loss: (a: Tensor2D, b: Tensor2D) => Scalar,
  { dimensions, weights = dimensions?.map(() => 1), ...others }: MatryoshkaOptions,
): Scalar {
  assertKnownOptions('matryoshka', others, ['dimensions', 'weights']);
  const width = Math.min(a.shape[1], b.shape[1]);
  if (!Array.isArray(dimensions) || dimensions.length === 0) {
    throw new CrossmodalError('matryoshka: dimensions must hold at least one length, got none');
  }
  const wrong = dimensions.find((dimension) => !Number.isInteger(dimension) || dimension < 1 || dimension > width);
  if (wrong !== undefined) {
    throw new CrossmodalError(`matryoshka: dimensions must be whole numbers from 1 to ${width}, got ${wrong}`);
  }
  if (weights.length !== dimensions.length || !weights.every((weight) => Number.isFinite(weight))) {
    throw new CrossmodalError(
      `matryoshka: weights must be ${dimensions.length} numbers, one per length, got ${weights.join(', ') || 'none'}`,
    );
  }
  return tf.tidy(() => {
    const cut = (x: Tensor2D, dimension: number) =>
      dimension === x.shape[1] ? x : (tf.slice(x, [0, 0], [x.shape[0], dimension]) as Tensor2D);
    const terms = dimensions.map((dimension, i) => tf.mul(loss(cut(a, dimension), cut(b, dimension)), weights[i]!));
    return tf.addN(terms as Scalar[]);
  });
}
