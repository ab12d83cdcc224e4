import { assertKnownOptions, type Described, requirePositive } from '@crossmodal/core';
import { crossEntropy, scoreHinge } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What the scores of all pairs of a batch are to become: those of matching pairs the largest. */
export interface ScoreObjective extends Described {
  /**
   * @param scores [batch, batch], matching pairs on the diagonal
   * @param negatives [batch, batch]: 1 where a pair does not belong together
   */
  loss(scores: Tensor2D, negatives: Tensor2D): Scalar;
}

/**
 * The hinge of the paper: matching pairs are a margin above the hardest negatives of the batch (or above all).
 *
 * @throws CrossmodalError unless the margin is positive
 * @see Lee et al.: Stacked cross attention (2018), equation 11
 * @example
 * const model = coAttentionMatcher({ encoders: { image, text }, dimension: 64, objective: hingeObjective({ margin: 0.1 }), seed: 1 });
 */
export function hingeObjective(
  options: {
    /** @default 0.2 */
    margin?: number;
    /**
     * Whether only the hardest negatives count, or all of the batch.
     * @default true
     */
    hardest?: boolean;
  } = {},
): ScoreObjective {
  assertKnownOptions('hingeObjective', options, { margin: true, hardest: true });
  const { margin = 0.2, hardest = true } = options; // both from the paper
  requirePositive('hingeObjective: margin', margin);
  return {
    saved: { type: 'hingeObjective', options: { margin, hardest } },
    loss: (scores, negatives) => scoreHinge(scores, { margin, hardest, negatives }),
  };
}

/**
 * The cross entropy of finding the matching one among all of the batch, in both directions, as dual encoders have it:
 * L = mean_i ( -log exp(S_ii / tau) / sum_j exp(S_ij / tau) ), and of columns likewise, halved; j over i and its negatives.
 * From nothing, on small data, it learns faster than the hinge (RESULTS.md).
 *
 * @throws CrossmodalError unless the temperature is positive
 * @see Yao et al.: FILIP (2022), equations 1 and 2, who train scores of words and regions so
 * @example
 * const model = coAttentionMatcher({ encoders: { image, text }, dimension: 64, objective: contrastiveObjective(), seed: 1 });
 */
export function contrastiveObjective(
  options: {
    /** @default 0.07 */
    temperature?: number;
  } = {},
): ScoreObjective {
  assertKnownOptions('contrastiveObjective', options, { temperature: true });
  const { temperature = 0.07 } = options; // FILIP's initial value, fixed here
  requirePositive('contrastiveObjective: temperature', temperature);
  return {
    saved: { type: 'contrastiveObjective', options: { temperature } },
    loss: (scores, negatives) =>
      tf.tidy(() => {
        const [size] = scores.shape;
        const others = tf.sub(1, tf.add(negatives, tf.eye(size))); // belong together too, and are not to be told apart
        const logits = tf.sub(tf.div(scores, temperature), tf.mul(others, 1e9)) as Tensor2D;
        const own = tf.range(0, size, 1, 'int32') as Tensor1D;
        const both = tf.add(crossEntropy(logits, own), crossEntropy(tf.transpose(logits) as Tensor2D, own));
        return tf.div(both, 2) as Scalar;
      }),
  };
}
