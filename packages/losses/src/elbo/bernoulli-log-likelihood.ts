import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { binaryCosts } from '../internal/binary-costs.js';
import { requireFloat } from '../internal/validate.js';
import { type LikelihoodOptions, sumEvents } from './log-likelihood.js';

/**
 * Log likelihood of binary data, or of grey values in [0, 1] as probabilities, under independent Bernoulli variables.
 *
 * log p(x) = sum_d [ x_d l_d - softplus(l_d) ], l the logits; finite for logits of any size. In nats, one number per row.
 *
 * @param x [batch, ...] or broadcastable to the logits ([samples, batch, ...] with batchDims 2), float32, in [0, 1]
 * @param logits [batch, ...], float32
 * @returns [batch], or [samples, batch]
 * @throws CrossmodalError when a tensor is not float32 or batchDims does not fit
 * @see Kingma and Welling, 2014, Auto-Encoding Variational Bayes, appendix C.1
 * @example
 * const reconstruction = tf.neg(tf.mean(bernoulliLogLikelihood(images, decoder(z))));
 */
export function bernoulliLogLikelihood(
  x: Tensor,
  logits: Tensor,
  { batchDims = 1, ...others }: LikelihoodOptions = {},
): Tensor {
  assertKnownOptions('bernoulliLogLikelihood', others, ['batchDims']);

  requireFloat('bernoulliLogLikelihood', 'x', x);
  requireFloat('bernoulliLogLikelihood', 'logits', logits);
  return tf.tidy(() => sumEvents('bernoulliLogLikelihood', tf.neg(binaryCosts(logits, x)), batchDims));
}
