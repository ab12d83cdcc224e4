import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DistanceOption, resolveDistance } from './distances/distance.js';
import { above, atLeast } from './internal/masks.js';
import {
  requireNumber,
  requireOneOf,
  requireSameWidth,
  requireSquareForNone,
  requireThat,
} from './internal/validate.js';
import { minePairs, type PairMiner, requireMiner } from './mining/pair-miner.js';
import { type Pairs, resolvePairs, transposePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

/** Which triplets (anchor i, positive j, negative k) take part: all, those with d_ik <= d_ij, or with 0 < d_ik - d_ij <= margin. */
export type TripletSelection = 'all' | 'hard' | 'semi-hard';

export interface TripletOptions<R extends Reduction = 'mean-nonzero'> {
  /** @default 0.2 */
  margin?: number;
  /** @default 'euclidean' */
  distance?: DistanceOption;
  /** @default 'all' */
  triplets?: TripletSelection;
  /**
   * Chooses pairs before triplets are formed: `hardestPairs` is batch-hard, `semiHardPairs` batch-semi-hard. Each row then makes one
   * triplet: where a miner leaves several positives or negatives in a row, the triplet has their mean distances.
   */
  mining?: PairMiner;
  /**
   * softplus(d_ij - d_ik + margin) instead of the hinge.
   * @default false
   */
  softMargin?: boolean;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  /**
   * The mean of both directions: anchors from a, then anchors from b.
   * @default false
   */
  symmetric?: boolean;
  /** @default 'mean-nonzero' as R */
  reduction?: R;
}

/**
 * Triplet margin loss: an anchor must be nearer to its positive than to a negative, by a margin.
 *
 * l_ijk = max(0, d(a_i, b_j) - d(a_i, b_k) + margin) over positive (i, j) and negative (i, k). The default reduction is the mean
 * over the non-zero l, as in pytorch-metric-learning. With `none`, row i holds the mean of its own triplets.
 *
 * Needs n m^2 numbers for all triplets; with a miner that leaves one positive and one negative per row, n m. Within one
 * labelled set: `tripletLoss(x, x, { pairs: pairsByLabel(labels) })`.
 *
 * @param a [n, dim], float32, anchors
 * @param b [m, dim], float32, candidates; n = m unless pairs are given
 * @throws CrossmodalError when shapes or options do not fit
 * @see Schroff et al., 2015, FaceNet, eq. 3; Hermans et al., 2017, In Defense of the Triplet Loss, eq. 5 and section 2 (soft margin)
 * @example
 * const loss = tripletLoss(images, texts, { distance: 'cosine', mining: hardestPairs, symmetric: true });
 */
export function tripletLoss<R extends Reduction = 'mean-nonzero'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    margin = 0.2, // FaceNet
    distance = 'euclidean', // pytorch-metric-learning
    triplets = 'all',
    mining,
    softMargin = false,
    pairs,
    symmetric = false,
    reduction = 'mean-nonzero' as R, // pytorch-metric-learning
    ...others
  }: TripletOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('tripletLoss', others, [
    'margin',
    'distance',
    'triplets',
    'mining',
    'softMargin',
    'pairs',
    'symmetric',
    'reduction',
  ]);

  const where = 'tripletLoss';
  requireSameWidth(where, ['a', 'b'], a, b);
  requireSquareForNone(where, a, b, symmetric, reduction);
  requireNumber(where, 'margin', margin);
  requireOneOf(where, 'triplets', triplets, ['all', 'hard', 'semi-hard']);
  requireThat(
    !mining || triplets === 'all',
    where,
    () => `triplets: ${triplets} goes without mining, which already leaves one positive and one negative per row`,
  );
  requireMiner(where, mining);
  const resolved = resolveDistance(where, distance);
  return tf.tidy(() => {
    const distances = resolved.pairwise(...usedRows(where, pairs, a, b));
    const given = resolvePairs(where, pairs, a.shape[0], b.shape[0]);
    const penalty = (gap: Tensor) => (softMargin ? tf.softplus(tf.add(gap, margin)) : tf.relu(tf.add(gap, margin)));
    const direction = (d: Tensor2D, own: Pairs) => {
      const { gap, valid } = mining
        ? minedGaps(d, minePairs(where, d, own, mining))
        : allGaps(d, own, triplets, margin);
      const losses = penalty(gap);
      if (reduction !== 'none' || losses.rank === 1) return reduceLosses(losses, { reduction, valid });
      return tf.div(tf.sum(tf.mul(losses, valid), [1, 2]), tf.maximum(tf.sum(valid, [1, 2]), 1)) as Reduced<R>;
    };
    const fromA = direction(distances, given);
    if (!symmetric) return fromA;
    const fromB = direction(tf.transpose(distances), transposePairs(given));
    return tf.mul(0.5, tf.add(fromA, fromB)) as Reduced<R>;
  });
}

/** d_ij - d_ik for all i, j, k: [n, m, m], and 1 where the triplet takes part. */
function allGaps(d: Tensor2D, { positive, negative }: Pairs, triplets: TripletSelection, margin: number) {
  const gap = tf.sub(tf.expandDims(d, 2), tf.expandDims(d, 1));
  const valid = tf.mul(tf.expandDims(positive, 2), tf.expandDims(negative, 1));
  if (triplets === 'all') return { gap, valid };
  if (triplets === 'hard') return { gap, valid: tf.mul(valid, atLeast(gap, 0)) };
  const within = tf.mul(above(tf.neg(gap), 0), atLeast(gap, -margin));
  return { gap, valid: tf.mul(valid, within) };
}

/** One triplet per row from mined pairs; several mined pairs of a row are averaged before they are compared. */
function minedGaps(d: Tensor2D, { positive, negative }: Pairs) {
  const mean = (mask: Tensor2D) => tf.div(tf.sum(tf.mul(mask, d), 1), tf.maximum(tf.sum(mask, 1), 1));
  const has = (mask: Tensor2D) => above(tf.sum(mask, 1), 0);
  return { gap: tf.sub(mean(positive), mean(negative)), valid: tf.mul(has(positive), has(negative)) };
}
