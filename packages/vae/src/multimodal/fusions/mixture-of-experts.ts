import type { Fusion } from './fusion.js';
import { uniformWeights } from './fusion.js';

/**
 * MMVAE: the posterior is the uniform mixture of the experts that are given.
 *
 * @see Shi et al., Variational mixture-of-experts autoencoders (2019), eq. 2
 * @example
 * const model = multimodalVae({ modalities, fusion: mixtureOfExperts() });
 */
export function mixtureOfExperts(): Fusion {
  return {
    name: 'mixtureOfExperts',
    saved: { type: 'mixtureOfExperts', options: {} },
    posterior: ({ experts, masks }) => ({ components: [...experts], weights: uniformWeights(masks, experts) }),
  };
}
