import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { above } from '../internal/masks.js';
import type { Pairs } from '../pairs/pairs.js';
import { largestWhere, pick, smallestWhere } from './hardest-pairs.js';
import { checkMinerInput } from './pair-miner.js';

/**
 * Semi-hard mining: of each row the farthest positive p, and the nearest negative that is still farther than it,
 * d(i, k) > d(i, p). A row without such a negative keeps none. Avoids the collapse that the hardest negatives can cause early
 * in training.
 *
 * @param distances [n, m]
 * @param pairs masks [n, m]
 * @returns masks [n, m] with at most one positive and one negative per row
 * @throws CrossmodalError when the shapes differ
 * @see Schroff et al., 2015, FaceNet, section 3.2 (there for every positive; here for the hardest one, as
 * pytorch-metric-learning's BatchEasyHardMiner)
 * @example
 * const loss = tripletLoss(a, b, { mining: semiHardPairs });
 */
export function semiHardPairs(distances: Tensor2D, pairs: Pairs): Pairs {
  checkMinerInput('semiHardPairs', distances, pairs);
  return tf.tidy(() => {
    const positive = largestWhere(pairs.positive, distances);
    const farther = above(distances, tf.expandDims(pick(positive, distances), 1));
    return { positive, negative: smallestWhere(tf.mul(pairs.negative, farther), distances) };
  });
}
