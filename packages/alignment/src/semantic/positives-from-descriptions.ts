import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Semantic alignment by descriptions: items are positive for each other when the embeddings of their descriptions (from
 * any text encoder) are similar enough. p_ij = [cos(d_i, d_j) >= threshold], ones on the diagonal. For alignment by
 * labels, give the labels as `groups` of the batch, or use `pairsByLabel` of the losses. Not differentiable.
 *
 * @param descriptions [batch, dim]
 * @returns [batch, batch], zeros and ones, float32: the `positives` of a batch
 * @throws CrossmodalError when the rank is not 2 or the threshold not in (-1, 1]
 * @see Khosla et al. (2020), equation 2, for the loss with several positives
 *
 * @example
 * const positives = positivesFromDescriptions(captionRows, { threshold: 0.9 });
 */
export function positivesFromDescriptions(
  descriptions: Tensor2D,
  { threshold, ...others }: { threshold: number },
): Tensor2D {
  assertKnownOptions('positivesFromDescriptions', others, ['threshold']);

  if (descriptions.rank !== 2) {
    throw new CrossmodalError(
      `positivesFromDescriptions: descriptions must have shape [batch, dim], got [${descriptions.shape}]`,
    );
  }
  if (!(threshold > -1 && threshold <= 1)) {
    throw new CrossmodalError(`positivesFromDescriptions: threshold must lie in (-1, 1], got ${threshold}`);
  }
  return tf.tidy(() => {
    const unit = tf.div(descriptions, tf.maximum(tf.norm(descriptions, 2, 1, true), 1e-12));
    const similar = tf.greaterEqual(tf.matMul(unit, unit, false, true), threshold - 1e-6); // rounding of cos = 1
    return tf.maximum(tf.cast(similar, 'float32'), tf.eye(descriptions.shape[0])) as Tensor2D;
  });
}
