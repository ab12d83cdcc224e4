import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineDistance } from './distances/cosine.js';
import { maskedLogSumExp } from './internal/log-sum-exp.js';
import { requireNumber, requireSameWidth } from './internal/validate.js';
import { minePairs, type PairMiner } from './mining/pair-miner.js';
import { type Pairs, resolvePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface MultiSimilarityOptions<R extends Reduction = 'mean'> {
  /**
   * Sharpness of the positives' part.
   * @default 2
   */
  alpha?: number;
  /**
   * Sharpness of the negatives' part.
   * @default 50
   */
  beta?: number;
  /**
   * The similarity between what positives should exceed and negatives should stay below (the paper's lambda).
   * @default 0.5
   */
  base?: number;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  /** The paper mines with `multiSimilarityPairs`; without, all pairs take part. */
  mining?: PairMiner;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Multi-similarity loss: soft maxima over a row's positives and negatives, each weighted by its own and relative similarity.
 *
 * L = mean_i { 1/alpha log[1 + sum_{P_i} exp(-alpha (s_ij - base))] + 1/beta log[1 + sum_{N_i} exp(beta (s_ij - base))] },
 * s = cosine similarity. Within one labelled set: `multiSimilarityLoss(x, x, { pairs: pairsByLabel(labels) })`.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m unless pairs are given
 * @throws CrossmodalError when shapes or options do not fit
 * @see Wang et al., 2019, Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning, eq. 15
 * @example
 * const loss = multiSimilarityLoss(a, b, { mining: multiSimilarityPairs });
 */
export function multiSimilarityLoss<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    alpha = 2, // the paper
    beta = 50, // the paper
    base = 0.5, // pytorch-metric-learning; the paper prints 1
    pairs,
    mining,
    reduction = 'mean' as R,
    ...others
  }: MultiSimilarityOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('multiSimilarityLoss', others, ['alpha', 'beta', 'base', 'pairs', 'mining', 'reduction']);

  const where = 'multiSimilarityLoss';
  requireSameWidth(where, ['a', 'b'], a, b);
  requireNumber(where, 'alpha', alpha, { minimum: 0, open: true });
  requireNumber(where, 'beta', beta, { minimum: 0, open: true });
  requireNumber(where, 'base', base);
  return tf.tidy(() => {
    const distances = cosineDistance.pairwise(...usedRows(where, pairs, a, b));
    const { positive, negative } = minePairs(
      where,
      distances,
      resolvePairs(where, pairs, a.shape[0], b.shape[0]),
      mining,
    );
    const excess = tf.sub(1 - base, distances); // s_ij - base
    // log(1 + sum exp(x)) = softplus(log sum exp(x)), 0 for an empty sum
    const part = (sharpness: number, mask: Tensor2D) =>
      tf.div(tf.softplus(maskedLogSumExp(tf.mul(sharpness, excess) as Tensor2D, mask)), Math.abs(sharpness));
    return reduceLosses(tf.add(part(-alpha, positive), part(beta, negative)), { reduction });
  });
}
