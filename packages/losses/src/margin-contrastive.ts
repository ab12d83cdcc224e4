import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DistanceOption, resolveDistance } from './distances/distance.js';
import { requireOneOf, requireSameWidth, requireThat } from './internal/validate.js';
import { minePairs, type PairMiner } from './mining/pair-miner.js';
import { type Pairs, resolvePairs, usedRows } from './pairs/pairs.js';
import { requireBounds } from './pairs/violations.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface MarginContrastiveOptions<R extends Reduction = 'mean-nonzero'> {
  /**
   * Positives nearer than this have no loss.
   * @default 0
   */
  epsilon?: number;
  /**
   * Negatives farther than this have no loss.
   * @default 1
   */
  delta?: number;
  /**
   * 1: the excess over the bound; 2: its square.
   * @default 1
   */
  power?: 1 | 2;
  /** @default 'euclidean' */
  distance?: DistanceOption;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  mining?: PairMiner;
  /** @default 'mean-nonzero' as R */
  reduction?: R;
}

/**
 * The margin loss on all pairs of a batch: positives beyond epsilon are pulled in, negatives inside delta pushed out.
 *
 * L = mean_{(i,j) positive} max(0, d_ij - epsilon)^p + mean_{(i,j) negative} max(0, delta - d_ij)^p
 *
 * With the default reduction each mean runs over its non-zero terms, as in pytorch-metric-learning's ContrastiveLoss (its
 * pos_margin and neg_margin); `pairViolations` counts them. With `none`, row i holds its own two means.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m unless pairs are given
 * @throws CrossmodalError when shapes or options do not fit, or epsilon > delta
 * @see Hadsell, Chopra, LeCun, 2006 (epsilon = 0, p = 2, times 1/2); Wu et al., 2017, Sampling Matters, eq. 5 (two margins)
 * @example
 * const loss = marginContrastive(a, b, { distance: 'cosine', epsilon: 0.1, delta: 0.6 });
 */
export function marginContrastive<R extends Reduction = 'mean-nonzero'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    epsilon = 0, // pytorch-metric-learning, pos_margin
    delta = 1, // pytorch-metric-learning, neg_margin
    power = 1, // pytorch-metric-learning
    distance = 'euclidean', // pytorch-metric-learning
    pairs,
    mining,
    reduction = 'mean-nonzero' as R, // pytorch-metric-learning
    ...others
  }: MarginContrastiveOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('marginContrastive', others, [
    'epsilon',
    'delta',
    'power',
    'distance',
    'pairs',
    'mining',
    'reduction',
  ]);

  const where = 'marginContrastive';
  requireSameWidth(where, ['a', 'b'], a, b);
  requireBounds(where, epsilon, delta);
  requireThat(power === 1 || power === 2, where, () => `power must be 1 or 2, got ${power}`);
  requireOneOf(where, 'reduction', reduction, ['mean', 'mean-nonzero', 'sum', 'none']);
  const resolved = resolveDistance(where, distance);
  return tf.tidy(() => {
    const d = resolved.pairwise(...usedRows(where, pairs, a, b));
    const { positive, negative } = minePairs(where, d, resolvePairs(where, pairs, a.shape[0], b.shape[0]), mining);
    const part = (excess: Tensor2D, mask: Tensor2D) => {
      const hinge = tf.relu(excess);
      const losses = power === 2 ? tf.square(hinge) : hinge;
      if (reduction !== 'none') return reduceLosses(losses, { reduction, valid: mask });
      return tf.div(tf.sum(tf.mul(losses, mask), 1), tf.maximum(tf.sum(mask, 1), 1));
    };
    const pull = part(tf.sub(d, epsilon) as Tensor2D, positive);
    const push = part(tf.sub(delta, d) as Tensor2D, negative);
    return tf.add(pull, push) as Reduced<R>;
  });
}
