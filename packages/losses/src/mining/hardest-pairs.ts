import { withoutGradient } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { keepWhere } from '../internal/masks.js';
import { oneHot } from '../internal/one-hot.js';
import type { Pairs } from '../pairs/pairs.js';
import { checkMinerInput } from './pair-miner.js';

/** Farther than any distance, and still finite in float32. */
const BEYOND = 1e30;

/** [n, m] with one 1 per row, at the largest x where the mask is 1; a row with an empty mask stays empty. */
export function largestWhere(mask: Tensor2D, x: Tensor2D): Tensor2D {
  return withoutGradient(() => {
    const index = tf.argMax(keepWhere(mask, x, -BEYOND), 1) as Tensor1D;
    return tf.mul(oneHot(index, x.shape[1]), mask);
  });
}

/** As {@link largestWhere}, at the smallest x. */
export function smallestWhere(mask: Tensor2D, x: Tensor2D): Tensor2D {
  return tf.tidy(() => largestWhere(mask, tf.neg(x) as Tensor2D));
}

/** sum_j mask_ij x_ij: what a mask with one 1 per row picks out. */
export function pick(mask: Tensor2D, x: Tensor2D): Tensor1D {
  return tf.tidy(() => tf.sum(tf.mul(mask, x) as Tensor, 1) as Tensor1D);
}

/**
 * Batch-hard mining: of each row the farthest positive and the nearest negative. The first one wins a tie.
 *
 * @param distances [n, m]
 * @param pairs masks [n, m]
 * @returns masks [n, m] with at most one positive and one negative per row
 * @throws CrossmodalError when the shapes differ
 * @see Hermans et al., 2017, In Defense of the Triplet Loss for Person Re-Identification, eq. 5
 * @example
 * const loss = tripletLoss(a, b, { mining: hardestPairs });
 */
export function hardestPairs(distances: Tensor2D, pairs: Pairs): Pairs {
  checkMinerInput('hardestPairs', distances, pairs);
  return tf.tidy(() => ({
    positive: largestWhere(pairs.positive, distances),
    negative: smallestWhere(pairs.negative, distances),
  }));
}
