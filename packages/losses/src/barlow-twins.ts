import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { identityMask } from './internal/masks.js';
import { centre, offDiagonalSquares } from './internal/moments.js';
import { requireNumber, requirePaired } from './internal/validate.js';

export interface BarlowTwinsOptions {
  /**
   * Weight of the off-diagonal terms.
   * @default 0.005
   */
  redundancy?: number;
}

/** As in batch normalisation, which the authors use to standardise. */
const EPSILON = 1e-5;

/**
 * Barlow Twins: the cross-correlation matrix of two views becomes the identity.
 *
 * z(x) = (x - mean) / sqrt(var + 1e-5) per column with the biased variance, C = z(a)^T z(b) / B,
 * L = sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Zbontar et al., 2021, Barlow Twins, eq. 1 and 2
 * @example
 * const loss = barlowTwins(viewA, viewB);
 */
export function barlowTwins(
  a: Tensor2D,
  b: Tensor2D,
  { redundancy = 0.005, ...others }: BarlowTwinsOptions = {}, // the paper
): Scalar {
  assertKnownOptions('barlowTwins', others, ['redundancy']);

  requirePaired('barlowTwins', a, b);
  requireNumber('barlowTwins', 'redundancy', redundancy, { minimum: 0 });
  return tf.tidy(() => {
    const standardise = (x: Tensor2D) => {
      const centred = centre(x);
      return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), 0, true), EPSILON))) as Tensor2D;
    };
    const correlation = tf.div(tf.matMul(standardise(a), standardise(b), true, false), a.shape[0]) as Tensor2D;
    const diagonal = identityMask(a.shape[1], a.shape[1]);
    const onDiagonal = tf.sum(tf.mul(diagonal, tf.square(tf.sub(1, correlation))));
    return tf.add(onDiagonal, tf.mul(redundancy, offDiagonalSquares(correlation, diagonal))) as Scalar;
  });
}
