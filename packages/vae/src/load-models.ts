import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import { networkOfLayers } from '@crossmodal/core/layers';
import type { Schedule } from '@crossmodal/core/schedules';
import { bernoulli } from './likelihoods/bernoulli.js';
import { categorical } from './likelihoods/categorical.js';
import { gaussian } from './likelihoods/gaussian.js';
import type { Likelihood } from './likelihoods/likelihood.js';
import type { Fusion } from './multimodal/fusions/fusion.js';
import { jmvae } from './multimodal/fusions/jmvae.js';
import { mixtureOfExperts } from './multimodal/fusions/mixture-of-experts.js';
import { mixtureOfProducts } from './multimodal/fusions/mixture-of-products.js';
import { productOfExperts } from './multimodal/fusions/product-of-experts.js';
import { type MultimodalVae, type MultimodalVaeOptions, multimodalVae } from './multimodal/multimodal-vae.js';
import { type Vae, type VaeOptions, vae } from './vae.js';

/** What describes itself among the options, by name. */
const values = {
  ...{ bernoulli, categorical, gaussian },
  ...{ productOfExperts, mixtureOfExperts, mixtureOfProducts, jmvae },
};

export interface LoadVaeOptions {
  /** What loads the encoder inside, if there are any, by its modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders?: EncoderLoaders;
  /** A schedule, which no file holds; needed by `loss` only. */
  beta?: number | Schedule;
  /** A likelihood of your own, which no file holds. */
  likelihood?: Likelihood;
}

/**
 * Loads a VAE (also conditional or importance-weighted) that was saved with its networks.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadVae(await openFolder('models/digits'));
 */
export function loadVae(files: ModelFiles, options: LoadVaeOptions = {}): Promise<Vae> {
  assertKnownOptions('loadVae', options, {
    encoders: true,
    beta: true,
    likelihood: true,
  } satisfies Record<keyof LoadVaeOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { vae: (saved) => vae(saved as unknown as VaeOptions) },
    { where: 'loadVae', encoders, networks: networkOfLayers, values, given },
  );
}

export interface LoadMultimodalVaeOptions {
  /** What loads the encoder inside, if there are any, by its modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders?: EncoderLoaders;
  /** A schedule, which no file holds; needed by `loss` only. */
  beta?: number | Schedule;
  /** A fusion of your own, which no file holds. */
  fusion?: Fusion;
  /** Likelihoods of your own, which no file holds. */
  modalities?: Readonly<Record<string, { likelihood: Likelihood }>>;
}

/**
 * Loads a multimodal VAE that was saved with its networks.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadMultimodalVae(await openFolder('models/digits-and-labels'));
 */
export function loadMultimodalVae<Name extends string = string>(
  files: ModelFiles,
  options: LoadMultimodalVaeOptions = {},
): Promise<MultimodalVae<Name>> {
  assertKnownOptions('loadMultimodalVae', options, {
    encoders: true,
    beta: true,
    fusion: true,
    modalities: true,
  } satisfies Record<keyof LoadMultimodalVaeOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { multimodalVae: (saved) => multimodalVae(saved as unknown as MultimodalVaeOptions<Name>) },
    { where: 'loadMultimodalVae', encoders, networks: networkOfLayers, values, given },
  );
}
