import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Gaussian } from '@crossmodal/core/layers';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { productOfGaussians } from '../gaussian-products.js';
import { divergenceToExperts } from '../posterior.js';
import type { Fusion } from './fusion.js';

/**
 * JMVAE: the posterior of all modalities comes from a network of its own over their features, and the divergence from it to
 * those of the single modalities joins the loss, so that these can stand in for it. Of some modalities the posterior is the
 * product of their experts.
 *
 * @param options.alpha weight of the divergence
 * @throws CrossmodalError for a negative alpha; in training, when a row lacks a modality
 * @see Suzuki et al., Joint multimodal learning with deep generative models (2016), eq. 5
 * @example
 * const model = multimodalVae({ modalities, fusion: jmvae({ alpha: 0.1 }) });
 */
export function jmvae({
  alpha = 0.1, // Suzuki et al., section 4.1
  ...others
}: {
  /** @default 0.1 */
  alpha?: number;
} = {}): Fusion {
  assertKnownOptions('jmvae', others, ['alpha']);
  if (!(alpha >= 0)) throw new CrossmodalError(`jmvae: alpha must not be negative, got ${alpha}`);
  return {
    name: 'jmvae',
    saved: { type: 'jmvae', options: { alpha } },
    hasJointNetwork: true,
    posterior({ experts, masks, joint }) {
      if (masks.some((mask) => mask !== undefined)) {
        throw new CrossmodalError('jmvae: every row must have every modality, got rows that lack some', {
          remedy: 'leave out incomplete rows, or take productOfExperts() or mixtureOfProducts()',
        });
      }
      return { components: [joint ?? productOfGaussians(experts, { prior: false })], weights: undefined };
    },
    penalty: ({ components }, experts) =>
      tf.mul(alpha, divergenceToExperts(components[0] as Gaussian, experts)) as Scalar,
  };
}
