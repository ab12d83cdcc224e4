import { assertKnownOptions, requireInteger, stopGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DrawOptions, drawUniform } from '../internal/draw.js';
import { above } from '../internal/masks.js';
import { requireNumber } from '../internal/validate.js';
import type { Pairs } from '../pairs/pairs.js';
import { largestWhere } from './hardest-pairs.js';
import { checkMinerInput } from './pair-miner.js';

/** `random` (or else `seed`) draws the negatives; with a seed the draw is always the same. */
export interface DistanceWeightedOptions extends DrawOptions {
  /** The width of the embeddings whose distances are given. */
  dimension: number;
  /**
   * Distances below this are treated as this: very near negatives are noise.
   * @default 0.5
   */
  cutoff?: number;
  /**
   * Negatives farther than this are never taken: they would have no loss.
   * @default 1.4
   */
  farthest?: number;
}

/**
 * Distance-weighted sampling: of each row one negative, drawn with probability proportional to 1 / q(d), so that all
 * distances are trained on alike instead of the one at which random points of a sphere lie, sqrt(2).
 *
 * log q(d) = (D - 2) log d + (D - 3)/2 log(1 - d^2 / 4), the density of distances between points of the unit sphere in R^D.
 *
 * @param distances [n, m], Euclidean, between vectors of length 1
 * @param pairs masks [n, m]
 * @returns all positives, and at most one negative per row
 * @throws CrossmodalError when the shapes differ or dimension is below 2
 * @see Wu et al., 2017, Sampling Matters in Deep Embedding Learning, eq. 3 and 4 (lambda 0.5 and 1.4 from the authors' code)
 * @example
 * const mining = (d, p) => distanceWeightedNegatives(d, p, { dimension: 128, random });
 */
export function distanceWeightedNegatives(
  distances: Tensor2D,
  pairs: Pairs,
  { dimension, cutoff = 0.5, farthest = 1.4, seed, random, ...others }: DistanceWeightedOptions,
): Pairs {
  assertKnownOptions('distanceWeightedNegatives', others, ['dimension', 'cutoff', 'farthest', 'seed', 'random']);

  const where = 'distanceWeightedNegatives';
  checkMinerInput(where, distances, pairs);
  requireInteger(`${where}: dimension`, dimension, 2);
  requireNumber(where, 'cutoff', cutoff, { minimum: 0, maximum: 2, open: true });
  requireNumber(where, 'farthest', farthest, { minimum: 0, open: true });
  return tf.tidy(() => {
    const fixed = stopGradient(distances);
    const d = tf.clipByValue(fixed, cutoff, 2);
    const cap = tf.maximum(tf.sub(1, tf.mul(0.25, tf.square(d))), 1e-8);
    const logDensity = tf.add(tf.mul(dimension - 2, tf.log(d)), tf.mul((dimension - 3) / 2, tf.log(cap)));
    const uniform = drawUniform(distances.shape, { seed, random });
    const gumbel = tf.neg(tf.log(tf.neg(tf.log(tf.clipByValue(uniform, 1e-7, 1 - 1e-7))))); // argmax of log p + gumbel draws from p
    const near = tf.mul(pairs.negative, tf.sub(1, above(fixed, farthest))) as Tensor2D;
    return {
      positive: tf.clone(pairs.positive),
      negative: largestWhere(near, tf.sub(gumbel, logDensity) as Tensor2D),
    };
  });
}
