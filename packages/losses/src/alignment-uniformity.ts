import { assertKnownOptions } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from './distances/cosine.js';
import { maskedLogSumExp } from './internal/log-sum-exp.js';
import { identityMask } from './internal/masks.js';
import { safeSqrt } from './internal/safe-sqrt.js';
import { requireMatrix, requireNumber, requirePaired } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface AlignmentOptions<R extends Reduction = 'mean'> {
  /**
   * The power of the distance.
   * @default 2
   */
  alpha?: number;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Alignment: matched rows lie close on the unit sphere.
 *
 * L = mean_i || n(a_i) - n(b_i) ||^alpha, between 0 and 2^alpha.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Wang and Isola, 2020, Understanding Contrastive Representation Learning through Alignment and Uniformity, eq. 7
 * @example
 * const loss = tf.add(alignmentLoss(a, b), tf.mul(0.5, tf.add(uniformityLoss(a), uniformityLoss(b))));
 */
export function alignmentLoss<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    alpha = 2, // the paper
    reduction = 'mean' as R,
    ...others
  }: AlignmentOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('alignmentLoss', others, ['alpha', 'reduction']);

  requirePaired('alignmentLoss', a, b);
  requireNumber('alignmentLoss', 'alpha', alpha, { minimum: 1 });
  return tf.tidy(() => {
    const squared = tf.sum(tf.square(tf.sub(l2Normalize(a), l2Normalize(b))), 1) as Tensor1D;
    const powered = alpha === 2 ? squared : tf.pow(safeSqrt(squared), alpha);
    return reduceLosses(powered, { reduction });
  });
}

export interface UniformityOptions {
  /**
   * t: the sharpness of the Gaussian potential.
   * @default 2
   */
  sharpness?: number;
}

/**
 * Uniformity: the rows spread over the whole unit sphere.
 *
 * L = log mean_{i != j} exp(-t || n(x_i) - n(x_j) ||^2), from -4t (at best, two opposite points) to 0 (all equal). A single row
 * has no pair: 0.
 *
 * @param x [batch, dim], float32
 * @throws CrossmodalError when x is not a matrix or t is not positive
 * @see Wang and Isola, 2020, eq. 8
 * @example
 * const spread = uniformityLoss(embeddings);
 */
export function uniformityLoss(
  x: Tensor2D,
  { sharpness = 2, ...others }: UniformityOptions = {}, // the paper
): Scalar {
  assertKnownOptions('uniformityLoss', others, ['sharpness']);

  requireMatrix('uniformityLoss', 'x', x);
  requireNumber('uniformityLoss', 'sharpness', sharpness, { minimum: 0, open: true });
  return tf.tidy(() => {
    const rows = x.shape[0];
    if (rows === 1) return tf.mul(0, tf.sum(l2Normalize(x))) as Scalar;
    const others = tf.sub(1, identityMask(rows, rows)) as Tensor2D;
    const squared = tf.mul(2, tf.sub(1, cosineSimilarity(x, x))); // ||u - v||^2 = 2 - 2 u.v
    const potential = maskedLogSumExp(tf.mul(-sharpness, squared) as Tensor2D, others);
    return tf.sub(tf.logSumExp(potential), Math.log(rows * (rows - 1))) as Scalar;
  });
}
