import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { logSumExp } from '../internal/log-sum-exp.js';
import { requireMatrix } from '../internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from '../reduction.js';

export interface IwaeBoundOptions<R extends Reduction = 'mean'> {
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * The importance-weighted bound, log p(x) >= E log 1/K sum_k w_k. To be maximised: minimise `tf.neg(iwaeBound(...))`. One sample gives
 * the ELBO with a sampled KL; many estimate log p(x) itself.
 *
 * IWAE_i = log 1/K sum_k exp(logw_ki), logw_ki = log p(x_i|z_ki) + log p(z_ki) - log q(z_ki|x_i), in nats; mean over the batch.
 *
 * @param logWeights [samples, batch], float32
 * @returns a scalar, or [batch] with `reduction: 'none'`
 * @throws CrossmodalError when logWeights is not a matrix
 * @see Burda et al., 2016, Importance Weighted Autoencoders, eq. 8
 * @example
 * const logWeights = tf.sub(tf.add(logLikelihood, logPrior), logPosterior); // each [samples, batch]
 * const loss = tf.neg(iwaeBound(logWeights as tf.Tensor2D));
 */
export function iwaeBound<R extends Reduction = 'mean'>(
  logWeights: Tensor2D,
  { reduction = 'mean' as R, ...others }: IwaeBoundOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('iwaeBound', others, ['reduction']);

  requireMatrix('iwaeBound', 'logWeights', logWeights);
  return tf.tidy(() => reduceLosses(tf.sub(logSumExp(logWeights, 0), Math.log(logWeights.shape[0])), { reduction }));
}
