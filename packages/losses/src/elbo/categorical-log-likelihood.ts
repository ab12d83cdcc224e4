import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from '../cross-entropy.js';
import { requireFloat, requireThat, shapeOf } from '../internal/validate.js';

export interface CategoricalLikelihoodOptions {
  /** Positions with this label count nothing (padding). */
  ignoreLabel?: number;
}

/**
 * Log likelihood of labels, or of token sequences, under a categorical distribution per position.
 *
 * log p(x) = sum_t log softmax(l_t)_{x_t}, the sum over positions. In nats, one number per row.
 *
 * @param x [batch, ...], integers in [0, classes)
 * @param logits [batch, ..., classes], float32
 * @returns [batch]
 * @throws CrossmodalError when the shapes do not fit
 * @example
 * const reconstruction = tf.neg(tf.mean(categoricalLogLikelihood(tokens, decoder(z), { ignoreLabel: 0 })));
 */
export function categoricalLogLikelihood(
  x: Tensor,
  logits: Tensor,
  { ignoreLabel, ...others }: CategoricalLikelihoodOptions = {},
): Tensor1D {
  assertKnownOptions('categoricalLogLikelihood', others, ['ignoreLabel']);

  const where = 'categoricalLogLikelihood';
  requireFloat(where, 'logits', logits);
  requireThat(
    x.rank >= 1 && logits.rank === x.rank + 1 && x.shape.every((size, i) => size === logits.shape[i]),
    where,
    () => `x must be [batch, ...] and logits [batch, ..., classes], got ${shapeOf(x)} and ${shapeOf(logits)}`,
  );
  return tf.tidy(() => {
    const losses = crossEntropy(logits, x, { ignoreLabel, reduction: 'none' });
    return tf.neg(tf.sum(tf.reshape(losses, [x.shape[0] as number, -1]), 1)) as Tensor1D;
  });
}
