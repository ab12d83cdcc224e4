import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { above } from '../internal/masks.js';
import { requireMatrix, requireNumber, requireThat } from '../internal/validate.js';
import { type Pairs, requirePairs } from './pairs.js';

export interface PairBoundsOptions {
  /**
   * A positive pair should not be farther apart than this (the paper's small ball).
   * @default defaultBounds.epsilon
   */
  epsilon?: number;
  /**
   * A negative pair should be farther apart than this. Not below epsilon.
   * @default defaultBounds.delta
   */
  delta?: number;
}

const defaultBounds = {
  epsilon: 0.2, // ours, for cosine distances: matched embeddings of trained dual encoders lie at 0.1 to 0.7
  delta: 0.8, // ours
};

export function requireBounds(where: string, epsilon: number, delta: number): void {
  requireNumber(where, 'epsilon', epsilon);
  requireNumber(where, 'delta', delta);
  requireThat(
    epsilon <= delta,
    where,
    () => `epsilon must not exceed delta, got epsilon ${epsilon} and delta ${delta}`,
  );
}

/**
 * Pairs that distance confirms: of the given positives those with d <= epsilon, of the given negatives those with d > delta.
 * What lies between is neither, and ignored by the losses: a way to train on pairs that are trusted only when the model
 * half agrees. The complement is counted by {@link pairViolations}.
 *
 * @param distances [n, m], from `pairwiseDistance`
 * @param pairs masks [n, m]
 * @throws CrossmodalError when epsilon > delta or the shapes differ
 * @example
 * const d = pairwiseDistance(a, b);
 * const trusted = pairsWithinBounds(d, pairsByIndex(a.shape[0]), { epsilon: 0.3, delta: 0.6 });
 */
export function pairsWithinBounds(
  distances: Tensor2D,
  pairs: Pairs,
  { epsilon = defaultBounds.epsilon, delta = defaultBounds.delta, ...others }: PairBoundsOptions = {},
): Pairs {
  assertKnownOptions('pairsWithinBounds', others, ['epsilon', 'delta']);

  check('pairsWithinBounds', distances, pairs, epsilon, delta);
  return tf.tidy(() => ({
    positive: tf.mul(pairs.positive, tf.sub(1, above(distances, epsilon))) as Tensor2D,
    negative: tf.mul(pairs.negative, above(distances, delta)) as Tensor2D,
  }));
}

/** Counts and shares of the pairs on the wrong side of their bound. */
export type PairViolations = {
  /** How many positives have d > epsilon. */
  positives: Scalar;
  /** How many negatives have d <= delta. */
  negatives: Scalar;
  /** positives divided by the number of positive pairs; 0 when there are none. */
  positiveRate: Scalar;
  /** negatives divided by the number of negative pairs; 0 when there are none. */
  negativeRate: Scalar;
};

/**
 * Counts the pairs that a margin loss would still move: positives with d(a_i, b_j) > epsilon and negatives with
 * d(a_i, b_j) <= delta. No gradient; a number to log beside the loss.
 *
 * @param distances [n, m], from `pairwiseDistance`
 * @param pairs masks [n, m]
 * @throws CrossmodalError when epsilon > delta or the shapes differ
 * @example
 * const { positiveRate } = pairViolations(pairwiseDistance(a, b), pairsByIndex(a.shape[0]), { epsilon: 0.2, delta: 0.8 });
 */
export function pairViolations(
  distances: Tensor2D,
  pairs: Pairs,
  { epsilon = defaultBounds.epsilon, delta = defaultBounds.delta, ...others }: PairBoundsOptions = {},
): PairViolations {
  assertKnownOptions('pairViolations', others, ['epsilon', 'delta']);

  check('pairViolations', distances, pairs, epsilon, delta);
  return tf.tidy(() => {
    const positives = tf.sum(tf.mul(pairs.positive, above(distances, epsilon))) as Scalar;
    const negatives = tf.sum(tf.mul(pairs.negative, tf.sub(1, above(distances, delta)))) as Scalar;
    const rate = (count: Scalar, mask: Tensor2D) => tf.div(count, tf.maximum(tf.sum(mask), 1)) as Scalar;
    return {
      positives,
      negatives,
      positiveRate: rate(positives, pairs.positive),
      negativeRate: rate(negatives, pairs.negative),
    };
  });
}

function check(where: string, distances: Tensor2D, pairs: Pairs, epsilon: number, delta: number): void {
  requireMatrix(where, 'distances', distances);
  requirePairs(where, pairs, distances.shape[0], distances.shape[1]);
  requireBounds(where, epsilon, delta);
}
