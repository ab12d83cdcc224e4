import { assertKnownOptions, type Described, requirePositive } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** How the similarities of the words (or regions) of a pair become the score of the pair. */
export interface ScorePooling extends Described {
  /**
   * @param similarities [..., places]
   * @param mask broadcasts against them: 1 for real places (or what they count, 1 on average), 0 for padding
   * @returns [...]
   */
  pool(similarities: Tensor, mask: Tensor): Tensor;
}

/**
 * The mean over real places: S = 1/n sum_j R_j; zero where there is none.
 *
 * @see Lee et al.: Stacked cross attention (2018), equation 6 (AVG)
 * @example
 * const model = coAttentionMatcher({ encoders: { image, text }, dimension: 64, pooling: meanScore(), seed: 1 });
 */
export function meanScore(): ScorePooling {
  return {
    saved: { type: 'meanScore', options: {} },
    pool: (similarities, mask) =>
      tf.tidy(() => {
        const real = tf.mul(mask, tf.onesLike(similarities));
        return tf.div(tf.sum(tf.mul(similarities, real), -1), tf.maximum(tf.sum(real, -1), 1e-12));
      }),
  };
}

/**
 * A smooth maximum over real places: S = log(sum_j exp(scale R_j)) / scale.
 *
 * @throws CrossmodalError unless the scale is positive
 * @see Lee et al.: Stacked cross attention (2018), equation 5 (LSE)
 * @example
 * const model = coAttentionMatcher({ encoders: { image, text }, dimension: 64, pooling: logSumExpScore({ scale: 6 }), seed: 1 });
 */
export function logSumExpScore(
  options: {
    /** @default 6 */
    scale?: number;
  } = {},
): ScorePooling {
  assertKnownOptions('logSumExpScore', options, { scale: true });
  const { scale = 6 } = options; // lambda_2 of the authors' text-image model on Flickr30K
  requirePositive('logSumExpScore: scale', scale);
  return {
    saved: { type: 'logSumExpScore', options: { scale } },
    pool: (similarities, mask) =>
      tf.tidy(() => {
        // Cosines lie in [-1, 1], so the largest is known and the sum cannot overflow after it is taken out.
        const shifted = tf.mul(tf.exp(tf.mul(tf.sub(similarities, 1), scale)), mask);
        return tf.add(tf.div(tf.log(tf.maximum(tf.sum(shifted, -1), 1e-30)), scale), 1);
      }),
  };
}
