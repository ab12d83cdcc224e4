import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFloat, requireNumber } from '../internal/validate.js';
import { type LikelihoodOptions, sumEvents } from './log-likelihood.js';

export interface GaussianLikelihoodOptions extends LikelihoodOptions {
  /**
   * log sigma^2: a number (fixed variance), or a tensor broadcastable to the mean (learned).
   * @default 0
   */
  logVariance?: number | Tensor;
}

/**
 * Log density of a Gaussian with diagonal covariance: of data under a decoder, or of a latent sample under a posterior or prior.
 *
 * log N(x; mean, sigma^2) = sum_d -1/2 [ log(2 pi) + log sigma_d^2 + (x_d - mean_d)^2 / sigma_d^2 ], the constant included. In nats.
 *
 * @param x [batch, ...] or broadcastable to the mean ([samples, batch, ...] with batchDims 2), float32
 * @param mean [batch, ...], float32; 0 for a standard normal
 * @returns [batch], or [samples, batch]
 * @throws CrossmodalError when a tensor is not float32 or batchDims does not fit
 * @see Kingma and Welling, 2014, Auto-Encoding Variational Bayes, appendix C.2
 * @example
 * const logPrior = gaussianLogLikelihood(z, 0);
 * const logPosterior = gaussianLogLikelihood(z, mean, { logVariance });
 */
export function gaussianLogLikelihood(
  x: Tensor,
  mean: Tensor | number,
  { logVariance = 0, batchDims = 1, ...others }: GaussianLikelihoodOptions = {}, // unit variance
): Tensor {
  assertKnownOptions('gaussianLogLikelihood', others, ['logVariance', 'batchDims']);

  const where = 'gaussianLogLikelihood';
  requireFloat(where, 'x', x);
  if (typeof mean === 'number') requireNumber(where, 'mean', mean);
  else requireFloat(where, 'mean', mean);
  if (typeof logVariance === 'number') requireNumber(where, 'logVariance', logVariance);
  else requireFloat(where, 'logVariance', logVariance);
  return tf.tidy(() => {
    const precision = typeof logVariance === 'number' ? Math.exp(-logVariance) : tf.exp(tf.neg(logVariance));
    const squares = tf.mul(tf.square(tf.sub(x, mean)), precision);
    const terms = tf.add(tf.add(squares, logVariance), Math.log(2 * Math.PI));
    return sumEvents(where, tf.mul(-0.5, terms), batchDims);
  });
}
