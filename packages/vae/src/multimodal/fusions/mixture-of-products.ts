import type { Gaussian } from '@crossmodal/core/layers';
import * as tf from '@tensorflow/tfjs-core';
import { productOfGaussians, subsetsOf } from '../gaussian-products.js';
import type { Fusion } from './fusion.js';
import { uniformWeights } from './fusion.js';

/**
 * MoPoE: the posterior is the uniform mixture of the products of all non-empty subsets of the experts that are given. The
 * prior is an expert of the subset of all modalities only.
 *
 * @see Sutter et al., Generalized multimodal ELBO (2021), eq. 4 and 6
 * @example
 * const model = multimodalVae({ modalities, fusion: mixtureOfProducts() });
 */
export function mixtureOfProducts(): Fusion {
  return {
    name: 'mixtureOfProducts',
    saved: { type: 'mixtureOfProducts', options: {} },
    posterior({ experts, masks, complete }) {
      const subsets = subsetsOf(experts.length);
      const components = subsets.map((subset) =>
        productOfGaussians(
          subset.map((k) => experts[k] as Gaussian),
          { prior: complete && subset.length === experts.length },
        ),
      );
      const available = subsets.map((subset) => {
        const members = subset.flatMap((k) => (masks[k] ? [masks[k]] : []));
        return members.length === 0 ? undefined : members.reduce((all, mask) => tf.mul(all, mask));
      });
      return { components, weights: uniformWeights(available, components) };
    },
  };
}
