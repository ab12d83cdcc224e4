import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from './distances/cosine.js';
import { requireSameWidth, requireScalarLike } from './internal/validate.js';
import { type Pairs, resolvePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface SigLipOptions<R extends Reduction = 'mean'> {
  /**
   * t; a scalar tensor trains it (the paper trains its logarithm: pass `tf.exp(logScale)`).
   * @default 10
   */
  scale?: number | Scalar;
  /**
   * b; a scalar tensor trains it.
   * @default -10
   */
  bias?: number | Scalar;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * SigLIP: every pair is a yes-or-no question of its own, so no softmax joins the batch.
 *
 * L = -(1/B) sum_ij log sigmoid( y_ij (t s_ij + b) ), s_ij = n(a_i) . n(b_j), y_ij = 1 for positive and -1 for negative pairs.
 * The sum runs over all pairs and is divided by the number of rows, not of pairs, as in the paper and open_clip.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m unless pairs are given
 * @returns a scalar, or the sum over j for each row i with `reduction: 'none'`
 * @throws CrossmodalError when shapes or options do not fit
 * @see Zhai et al., 2023, Sigmoid Loss for Language Image Pre-Training, eq. 1 and algorithm 1
 * @example
 * const loss = sigLip(images, texts, { scale: tf.exp(logScale), bias });
 */
export function sigLip<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    scale = 10, // the paper's initial value, exp(log 10)
    bias = -10, // the paper's initial value
    pairs,
    reduction = 'mean' as R,
    ...others
  }: SigLipOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('sigLip', others, ['scale', 'bias', 'pairs', 'reduction']);

  requireSameWidth('sigLip', ['a', 'b'], a, b);
  requireScalarLike('sigLip', 'scale', scale);
  requireScalarLike('sigLip', 'bias', bias);
  return tf.tidy(() => {
    const { positive, negative } = resolvePairs('sigLip', pairs, a.shape[0], b.shape[0]);
    const logits = tf.add(tf.mul(cosineSimilarity(...usedRows('sigLip', pairs, a, b)), scale), bias);
    const sign = tf.sub(negative, positive); // -y
    const losses = tf.mul(tf.softplus(tf.mul(sign, logits)), tf.abs(sign)); // -log sigmoid(x) = softplus(-x)
    return reduceLosses(tf.sum(losses, 1), { reduction });
  });
}
