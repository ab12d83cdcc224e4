import { CrossmodalError, type NamedVariables, prefixed } from '@crossmodal/core';
import { type Gaussian, type GaussianHead, gaussianHead, LayerSeeds } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type FeatureNetwork, featureSize, featuresOf, type Observation, sharedRows } from '../internal/observation.js';
import type { Likelihood } from '../likelihoods/likelihood.js';
import type { Fusion } from './fusions/fusion.js';
import type { Posterior } from './posterior.js';

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
    const head = (name: string, features: number) =>
      gaussianHead({ features, dimension: latentDimension, seeds: new LayerSeeds(seed, `gaussian-head-${name}`) });
    let total = 0;
    for (const [name, { encoder }] of Object.entries(modalities)) {
      const size = featureSize('multimodalVae', encoder, 0);
      this.#heads[name] = head(name, size);
      total += size;
    }
    if (fusion.hasJointNetwork) this.#joint = head('joint', total);
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
    { training }: { training: boolean },
  ): { experts: Record<string, Gaussian>; posterior: Posterior } {
    const given = this.#names.filter((name) => x[name] !== undefined);
    this.check(x, present);
    const features: Record<string, Tensor2D> = {};
    const experts: Record<string, Gaussian> = {};
    for (const name of given) {
      const observation = x[name] as Observation;
      const encoded = featuresOf('multimodalVae', this.#encoders[name]!, observation, undefined, { training });
      features[name] = encoded;
      experts[name] = this.#heads[name]!.apply(encoded);
    }
    const complete = given.length === this.#names.length;
    const all = () =>
      tf.concat(
        given.map((name) => features[name] as Tensor2D),
        1,
      );
    const posterior = this.#fusion.posterior({
      experts: given.map((name) => experts[name] as Gaussian),
      masks: given.map((name) => present[name]),
      complete,
      joint: complete ? this.#joint?.apply(all()) : undefined,
    });
    return { experts, posterior };
  }

  /** The posterior that each given modality has alone. */
  alone(expert: Gaussian): Posterior {
    return this.#fusion.posterior({ experts: [expert], masks: [undefined], complete: false, joint: undefined });
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
