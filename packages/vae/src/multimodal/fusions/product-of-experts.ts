import { assertKnownOptions } from '@crossmodal/core';
import { productOfGaussians } from '../gaussian-products.js';
import type { Fusion } from './fusion.js';

/**
 * MVAE: the posterior is the product of the experts that are given and the prior, one Gaussian. The bounds of the single
 * modalities join the loss, without which they do not learn to stand alone.
 *
 * @param options.subsampling adds the bounds of the single modalities
 * @see Wu and Goodman, Multimodal generative models for scalable weakly-supervised learning (2018), sections 2.2 and 2.3
 * @example
 * const model = multimodalVae({ modalities, fusion: productOfExperts() });
 */
export function productOfExperts({
  subsampling = true, // Wu and Goodman, section 2.3
  ...others
}: {
  /** @default true */
  subsampling?: boolean;
} = {}): Fusion {
  assertKnownOptions('productOfExperts', others, ['subsampling']);
  return {
    name: 'productOfExperts',
    saved: { type: 'productOfExperts', options: { subsampling } },
    hasSingleBounds: subsampling,
    posterior: ({ experts, masks }) => ({ components: [productOfGaussians(experts, { masks })], weights: undefined }),
  };
}
