import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { above, keepWhere } from '../internal/masks.js';
import { requireNumber } from '../internal/validate.js';
import type { Pairs } from '../pairs/pairs.js';
import { checkMinerInput } from './pair-miner.js';

export interface MultiSimilarityPairsOptions {
  /**
   * How much easier than the hardest opposite a pair may be.
   * @default 0.1
   */
  epsilon?: number;
}

/**
 * The mining of the multi-similarity loss, with d = 1 - s: a negative stays when it is nearer than the farthest positive plus
 * epsilon, a positive when it is farther than the nearest negative minus epsilon. Rows without positives or without negatives
 * keep nothing of the other kind.
 *
 * @param distances [n, m], cosine distances
 * @param pairs masks [n, m]
 * @throws CrossmodalError when the shapes differ
 * @see Wang et al., 2019, Multi-Similarity Loss with General Pair Weighting, eq. 7 and 8
 * @example
 * const loss = multiSimilarityLoss(a, b, { mining: multiSimilarityPairs });
 */
export function multiSimilarityPairs(
  distances: Tensor2D,
  { positive, negative }: Pairs,
  { epsilon = 0.1, ...others }: MultiSimilarityPairsOptions = {}, // the paper's experiments
): Pairs {
  assertKnownOptions('multiSimilarityPairs', others, ['epsilon']);

  checkMinerInput('multiSimilarityPairs', distances, { positive, negative });
  requireNumber('multiSimilarityPairs', 'epsilon', epsilon, { minimum: 0 });
  return tf.tidy(() => {
    const d = stopGradient(distances);
    const farthestPositive = tf.max(keepWhere(positive, d, -1e30), 1, true);
    const nearestNegative = tf.min(keepWhere(negative, d, 1e30), 1, true);
    return {
      positive: tf.mul(positive, above(d, tf.sub(nearestNegative, epsilon))) as Tensor2D,
      negative: tf.mul(negative, above(tf.add(farthestPositive, epsilon), d)) as Tensor2D,
    };
  });
}
