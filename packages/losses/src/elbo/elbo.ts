import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFloat, requireSameShape, requireScalarLike } from '../internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from '../reduction.js';

export interface ElboOptions<R extends Reduction = 'mean'> {
  /**
   * Weight of the KL: 1 for the bound itself, above it beta-VAE, or a value of `cyclicalAnnealing`; a scalar tensor in a compiled step.
   * @default 1
   */
  beta?: number | Scalar;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * The evidence lower bound, log p(x) >= E_q log p(x|z) - KL(q(z|x) || p(z)). To be maximised: minimise `tf.neg(elbo(...))`.
 *
 * ELBO_i = log p(x_i | z_i) - beta KL_i, in nats; mean over the batch. Only beta = 1 is a bound.
 *
 * @param logLikelihood [batch], for instance from `bernoulliLogLikelihood`
 * @param kl [batch], from `klStandardNormal(..., { reduction: 'none' })` or `klGaussians`; or a scalar, as `freeBits` returns
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when the shapes differ
 * @see Kingma and Welling, 2014, Auto-Encoding Variational Bayes, eq. 3; Higgins et al., 2017, beta-VAE, eq. 4
 * @example
 * const loss = tf.neg(elbo(bernoulliLogLikelihood(x, logits), klStandardNormal(mean, logVariance, { reduction: 'none' }), { beta: 4 }));
 */
export function elbo<R extends Reduction = 'mean'>(
  logLikelihood: Tensor,
  kl: Tensor,
  {
    beta = 1, // the bound
    reduction = 'mean' as R,
    ...others
  }: ElboOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('elbo', others, ['beta', 'reduction']);

  requireFloat('elbo', 'logLikelihood', logLikelihood);
  requireFloat('elbo', 'kl', kl);
  if (kl.rank > 0) requireSameShape('elbo', ['logLikelihood', 'kl'], logLikelihood, kl);
  requireScalarLike('elbo', 'beta', beta);
  return tf.tidy(() => reduceLosses(tf.sub(logLikelihood, tf.mul(beta, kl)), { reduction }));
}
