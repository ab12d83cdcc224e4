import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFloat, requireSameShape } from '../internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from '../reduction.js';
import { gaussianLogLikelihood } from './gaussian-log-likelihood.js';
import { sumEvents } from './log-likelihood.js';

export interface KlOptions<R extends Reduction = 'mean'> {
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * KL divergence of a diagonal Gaussian to the standard normal: the VAE's regulariser, StackGAN's conditioning augmentation, and the
 * information bottleneck of a stochastic embedding.
 *
 * KL_i = 1/2 sum_d [ sigma_id^2 + mean_id^2 - 1 - log sigma_id^2 ], in nats; mean over the batch.
 *
 * @param mean [batch, ...], float32
 * @param logVariance the same shape, float32
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when the shapes differ
 * @see Kingma and Welling, 2014, Auto-Encoding Variational Bayes, appendix B; Alemi et al., 2017, Deep Variational Information
 * Bottleneck, eq. 17
 * @example
 * const kl = klStandardNormal(mean, logVariance);
 */
export function klStandardNormal<R extends Reduction = 'mean'>(
  mean: Tensor,
  logVariance: Tensor,
  { reduction = 'mean' as R, ...others }: KlOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('klStandardNormal', others, ['reduction']);

  return tf.tidy(() => {
    const terms = klTerms('klStandardNormal', mean, logVariance);
    return reduceLosses(sumEvents('klStandardNormal', terms, 1), { reduction });
  });
}

/** 1/2 [ sigma^2 + mean^2 - 1 - log sigma^2 ], elementwise. */
export function klTerms(where: string, mean: Tensor, logVariance: Tensor): Tensor {
  requireFloat(where, 'mean', mean);
  requireFloat(where, 'logVariance', logVariance);
  requireSameShape(where, ['mean', 'logVariance'], mean, logVariance);
  return tf.mul(0.5, tf.add(tf.square(mean), tf.sub(tf.expm1(logVariance), logVariance)));
}

/**
 * KL divergence between two diagonal Gaussians q and p.
 *
 * KL(q || p)_i = 1/2 sum_d [ log s_p^2 - log s_q^2 + s_q^2 / s_p^2 + (m_q - m_p)^2 / s_p^2 - 1 ], in nats; mean over the batch.
 *
 * @param mean of q, [batch, ...], float32
 * @param logVariance of q, the same shape
 * @param priorMean of p, the same shape
 * @param priorLogVariance of p, the same shape
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when the shapes differ
 * @example
 * const kl = klGaussians(mean, logVariance, priorMean, priorLogVariance);
 */
export function klGaussians<R extends Reduction = 'mean'>(
  mean: Tensor,
  logVariance: Tensor,
  priorMean: Tensor,
  priorLogVariance: Tensor,
  { reduction = 'mean' as R, ...others }: KlOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('klGaussians', others, ['reduction']);

  const where = 'klGaussians';
  for (const [name, x] of Object.entries({ mean, logVariance, priorMean, priorLogVariance })) {
    requireFloat(where, name, x);
    requireSameShape(where, ['mean', name], mean, x);
  }
  return tf.tidy(() => {
    const logRatio = tf.sub(logVariance, priorLogVariance); // log s_q^2 / s_p^2
    const shift = tf.mul(tf.square(tf.sub(mean, priorMean)), tf.exp(tf.neg(priorLogVariance)));
    const terms = tf.mul(0.5, tf.add(shift, tf.sub(tf.expm1(logRatio), logRatio)));
    return reduceLosses(sumEvents(where, terms, 1), { reduction });
  });
}

/**
 * One-sample estimate of KL(q || N(0, I)) at a given z, for posteriors without a closed form; its mean over z ~ q is
 * {@link klStandardNormal}. Single values can be negative.
 *
 * KL_i ~ log q(z_i) - log N(z_i; 0, I), in nats; mean over the batch. The gradient also flows through z.
 *
 * @param z [batch, ...], float32, z = mean + exp(logVariance / 2) noise
 * @param mean [batch, ...], float32
 * @param logVariance the same shape
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when the shapes differ
 * @see Kingma and Welling, 2014, Auto-Encoding Variational Bayes, eq. 6 (the estimator A of the paper)
 * @example
 * const kl = klSampled(z, mean, logVariance);
 */
export function klSampled<R extends Reduction = 'mean'>(
  z: Tensor,
  mean: Tensor,
  logVariance: Tensor,
  { reduction = 'mean' as R, ...others }: KlOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('klSampled', others, ['reduction']);

  requireFloat('klSampled', 'z', z);
  requireSameShape('klSampled', ['z', 'mean'], z, mean);
  requireSameShape('klSampled', ['mean', 'logVariance'], mean, logVariance);
  return tf.tidy(() => {
    const difference = tf.sub(gaussianLogLikelihood(z, mean, { logVariance }), gaussianLogLikelihood(z, 0));
    return reduceLosses(difference as Tensor1D, { reduction });
  });
}
