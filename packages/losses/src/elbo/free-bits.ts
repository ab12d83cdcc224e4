import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireNumber, requireThat, shapeOf } from '../internal/validate.js';
import { klTerms } from './kl-divergence.js';

export interface FreeBitsOptions {
  /**
   * Nats of information per latent dimension that are free of charge.
   * @default 0.1
   */
  floor?: number;
}

/**
 * KL to the standard normal with free bits: below the floor a dimension has no gradient, so that the posterior does not collapse.
 *
 * sum_d max(floor, mean_i KL_id): batch mean first, then the floor of each dimension.
 *
 * @param mean [batch, dim], float32
 * @param logVariance the same shape
 * @throws CrossmodalError when the shapes differ or the floor is negative
 * @see Kingma et al., 2016, Improving Variational Inference with Inverse Autoregressive Flow, eq. 16
 * @example
 * const kl = freeBits(mean, logVariance, { floor: 0.1 });
 */
export function freeBits(
  mean: Tensor,
  logVariance: Tensor,
  { floor = 0.1, ...others }: FreeBitsOptions = {}, // the paper tries 0.03 to 0.5 per group
): Scalar {
  assertKnownOptions('freeBits', others, ['floor']);

  requireNumber('freeBits', 'floor', floor, { minimum: 0 });
  requireThat(mean.rank === 2, 'freeBits', () => `mean must be [batch, dim], got ${shapeOf(mean)}`);
  return tf.tidy(() => tf.sum(tf.maximum(tf.mean(klTerms('freeBits', mean, logVariance), 0), floor)) as Scalar);
}
