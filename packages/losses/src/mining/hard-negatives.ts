import { assertKnownOptions, requireInteger, stopGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { atLeast, keepWhere } from '../internal/masks.js';
import type { Pairs } from '../pairs/pairs.js';
import { checkMinerInput } from './pair-miner.js';

export interface HardNegativesOptions {
  /**
   * How many negatives a row keeps.
   * @default 1
   */
  count?: number;
}

/**
 * Keeps all positives and the `count` nearest negatives of each row (more when distances tie, fewer when it has fewer).
 *
 * @param distances [n, m]
 * @param pairs masks [n, m]
 * @throws CrossmodalError when count is not a positive integer or the shapes differ
 * @example
 * const mined = hardNegatives(pairwiseDistance(a, b), pairsByIndex(a.shape[0]), { count: 3 });
 */
export function hardNegatives(
  distances: Tensor2D,
  pairs: Pairs,
  { count = 1, ...others }: HardNegativesOptions = {},
): Pairs {
  assertKnownOptions('hardNegatives', others, ['count']);

  checkMinerInput('hardNegatives', distances, pairs);
  requireInteger('hardNegatives: count', count);
  return tf.tidy(() => {
    const nearness = keepWhere(pairs.negative, tf.neg(stopGradient(distances)), -1e30);
    const size = Math.min(count, distances.shape[1]);
    const last = tf.slice(tf.topk(nearness, size).values, [0, size - 1], [-1, 1]); // the count-th nearest of each row
    return { positive: tf.clone(pairs.positive), negative: tf.mul(pairs.negative, atLeast(nearness, last)) };
  });
}
