import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineDistance } from './distances/cosine.js';
import { maskedLogSumExp } from './internal/log-sum-exp.js';
import { above } from './internal/masks.js';
import { requireNumber, requireSameWidth } from './internal/validate.js';
import { minePairs, type PairMiner } from './mining/pair-miner.js';
import { type Pairs, resolvePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface CircleOptions<R extends Reduction = 'mean-nonzero'> {
  /**
   * m: positives aim above 1 - m, negatives below m.
   * @default 0.4
   */
  margin?: number;
  /**
   * gamma: the scale of the logits.
   * @default 80
   */
  scale?: number;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  mining?: PairMiner;
  /** @default 'mean-nonzero' as R */
  reduction?: R;
}

/**
 * Circle loss: each similarity is weighted by its own distance from its optimum, so that far pairs learn faster.
 *
 * L_i = softplus( log sum_{k in N_i} exp(gamma [s_k + m]_+ (s_k - m)) + log sum_{j in P_i} exp(-gamma [1 + m - s_j]_+ (s_j - 1 + m)) ),
 * the weights in square brackets without gradient. Rows without a positive or without a negative have no loss. The default
 * reduction averages the non-zero L_i, as pytorch-metric-learning does.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m unless pairs are given
 * @throws CrossmodalError when shapes or options do not fit
 * @see Sun et al., 2020, Circle Loss: A Unified Perspective of Pair Similarity Optimization, eq. 6 to 8
 * @example
 * const loss = circleLoss(x, x, { pairs: pairsByLabel(labels) });
 */
export function circleLoss<R extends Reduction = 'mean-nonzero'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    margin = 0.4, // pytorch-metric-learning; the paper: 0.25 for faces, 0.4 for retrieval
    scale = 80, // pytorch-metric-learning; the paper: 256 for faces, 80 for retrieval
    pairs,
    mining,
    reduction = 'mean-nonzero' as R, // pytorch-metric-learning
    ...others
  }: CircleOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('circleLoss', others, ['margin', 'scale', 'pairs', 'mining', 'reduction']);

  const where = 'circleLoss';
  requireSameWidth(where, ['a', 'b'], a, b);
  requireNumber(where, 'margin', margin);
  requireNumber(where, 'scale', scale, { minimum: 0, open: true });
  return tf.tidy(() => {
    const distances = cosineDistance.pairwise(...usedRows(where, pairs, a, b));
    const { positive, negative } = minePairs(
      where,
      distances,
      resolvePairs(where, pairs, a.shape[0], b.shape[0]),
      mining,
    );
    const s = tf.sub(1, distances);
    const fixed = stopGradient(s);
    const weightOfPositive = tf.relu(tf.sub(1 + margin, fixed));
    const weightOfNegative = tf.relu(tf.add(fixed, margin));
    const positiveLogits = tf.mul(tf.mul(-scale, weightOfPositive), tf.sub(s, 1 - margin)) as Tensor2D;
    const negativeLogits = tf.mul(tf.mul(scale, weightOfNegative), tf.sub(s, margin)) as Tensor2D;
    const logit = tf.add(maskedLogSumExp(positiveLogits, positive), maskedLogSumExp(negativeLogits, negative));
    const valid = tf.mul(above(tf.sum(positive, 1), 0), above(tf.sum(negative, 1), 0));
    return reduceLosses(tf.softplus(logit), { reduction, valid });
  });
}
