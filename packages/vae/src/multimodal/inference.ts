import { CrossmodalError, type NamedVariables, prefixed } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Gaussian, type GaussianHead, gaussianHead } from '../internal/gaussian-head.js';
import { type FeatureNetwork, featureSize, featuresOf, type Observation, sharedRows } from '../internal/observation.js';
import type { Likelihood } from '../likelihoods/likelihood.js';
import { productOfExperts, subsetsOf } from './experts.js';
import type { Posterior } from './posterior.js';

/**
 * How single posteriors become one:
 *
 * - `product` (MVAE): the product of all experts and the prior.
 * - `mixture` (MMVAE): the uniform mixture of the experts.
 * - `mixture-of-products` (MoPoE): the uniform mixture of the products of all non-empty subsets; the prior expert joins
 *   the full subset only.
 * - `joint` (JMVAE): a network of its own over the features of all modalities; single ones are pulled towards it.
 */
export type Fusion = 'product' | 'mixture' | 'mixture-of-products' | 'joint';

export interface Modality {
  /** Observations -> features; the heads for mean and log variance are added. */
  encoder: FeatureNetwork;
  /** Latents -> parameters of the likelihood. */
  decoder: LayersModel;
  likelihood?: Likelihood;
  /** Factor of its log likelihood in the loss. */
  weight?: number;
}

/** The inference side of a multimodal VAE. */
export class Inference {
  readonly #names: string[];
  readonly #encoders: Record<string, FeatureNetwork>;
  readonly #heads: Record<string, GaussianHead> = {};
  readonly #joint: GaussianHead | undefined;
  readonly #fusion: Fusion;

  constructor(modalities: Record<string, Modality>, fusion: Fusion, latentDimension: number, seed: number | string) {
    this.#names = Object.keys(modalities);
    this.#encoders = Object.fromEntries(Object.entries(modalities).map(([name, { encoder }]) => [name, encoder]));
    this.#fusion = fusion;
    let total = 0;
    for (const [name, { encoder }] of Object.entries(modalities)) {
      const size = featureSize('multimodalVae', encoder, 0);
      this.#heads[name] = gaussianHead(name, size, latentDimension, seed);
      total += size;
    }
    if (fusion === 'joint') this.#joint = gaussianHead('joint', total, latentDimension, seed);
  }

  /**
   * The masks of the modalities that have one.
   * @throws CrossmodalError for a modality that is unknown, and a mask that does not have one value per row
   */
  check(x: object, present: object): Record<string, Tensor1D> {
    const given = Object.entries(x as Record<string, Observation | undefined>).flatMap(([name, observation]) =>
      observation ? [[name, observation] as const] : [],
    );
    const masks = Object.fromEntries(
      Object.entries(present as Record<string, Tensor1D | undefined>).filter(([, mask]) => mask !== undefined),
    ) as Record<string, Tensor1D>;
    const names = given.map(([name]) => name);
    const unknown = [...names, ...Object.keys(masks)].find((name) => !this.#names.includes(name));
    if (given.length === 0 || unknown !== undefined) {
      throw new CrossmodalError(
        `multimodalVae: modalities are ${this.#names.join(', ')}; got ${names.join(', ') || 'none'}${unknown ? ` (${unknown} is unknown)` : ''}`,
      );
    }
    const rows = sharedRows(given.map(([, observation]) => observation));
    for (const [name, mask] of Object.entries(masks)) {
      if (mask.rank === 1 && mask.shape[0] === rows) continue;
      throw new CrossmodalError(`multimodalVae: present.${name} must have shape [${rows}], got [${mask.shape}]`);
    }
    return masks;
  }

  /** The Gaussian of each given modality by itself, and the posterior of all given ones together. */
  infer(
    x: Record<string, Observation>,
    present: Record<string, Tensor1D>,
    training: boolean,
  ): { experts: Record<string, Gaussian>; posterior: Posterior } {
    const given = this.#names.filter((name) => x[name] !== undefined);
    this.check(x, present);
    const features: Record<string, Tensor2D> = {};
    const experts: Record<string, Gaussian> = {};
    for (const name of given) {
      const observation = x[name] as Observation;
      const encoded = featuresOf('multimodalVae', this.#encoders[name]!, observation, undefined, training);
      features[name] = encoded;
      experts[name] = this.#heads[name]!.apply(encoded);
    }
    const masks = given.map((name) => present[name]);
    const partial = masks.some((mask) => mask !== undefined);
    const list = given.map((name) => experts[name] as Gaussian);
    switch (this.#fusion) {
      case 'product':
        return { experts, posterior: { components: [productOfExperts(list, { masks })], weights: undefined } };
      case 'mixture':
        return { experts, posterior: { components: list, weights: partial ? shares(masks, list) : undefined } };
      case 'mixture-of-products': {
        const subsets = subsetsOf(given.length);
        const components = subsets.map((subset) =>
          productOfExperts(
            subset.map((k) => list[k] as Gaussian),
            { prior: subset.length === this.#names.length },
          ),
        );
        const available = subsets.map((subset) => {
          const members = subset.flatMap((k) => (masks[k] ? [masks[k]] : []));
          return members.length === 0 ? undefined : members.reduce((all, mask) => tf.mul(all, mask));
        });
        return { experts, posterior: { components, weights: partial ? shares(available, components) : undefined } };
      }
      case 'joint': {
        if (partial) {
          throw new CrossmodalError("multimodalVae: fusion 'joint' needs every modality in every row", {
            remedy: "leave out incomplete rows, or take fusion 'product' or 'mixture-of-products'",
          });
        }
        const whole = given.length === this.#names.length;
        const component = whole
          ? this.#joint!.apply(
              tf.concat(
                given.map((name) => features[name] as Tensor2D),
                1,
              ),
            )
          : productOfExperts(list, { prior: false });
        return { experts, posterior: { components: [component], weights: undefined } };
      }
    }
  }

  namedVariables(): NamedVariables {
    const named: NamedVariables = {};
    for (const [name, head] of Object.entries(this.#heads))
      Object.assign(named, prefixed(`latent/${name}`, head.namedVariables()));
    return this.#joint ? { ...named, ...prefixed('latent/joint', this.#joint.namedVariables()) } : named;
  }

  dispose(): void {
    for (const head of Object.values(this.#heads)) head.dispose();
    this.#joint?.dispose();
  }
}

/** Each row's uniform weights over the components that are available to it. */
function shares(available: readonly (Tensor | undefined)[], components: readonly Gaussian[]): Tensor1D[] {
  const rows = components[0]!.mean.shape[0];
  const present = available.map((mask) => mask ?? tf.ones([rows]));
  const total = tf.maximum(tf.addN(present), 1e-6);
  return present.map((mask) => tf.div(mask, total) as Tensor1D);
}
