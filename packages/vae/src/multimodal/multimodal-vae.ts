import {
  assertKnownOptions,
  CrossmodalError,
  isTraining,
  type LossTerms,
  type NamedVariables,
  namedVariables,
  prefixed,
  Random,
  randomNormal,
  type Savable,
  savedModelFiles,
  type Trainable,
} from '@crossmodal/core';
import type { Gaussian } from '@crossmodal/core/layers';
import { presentRows } from '@crossmodal/core/layers';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import { gaussianLogLikelihood, klStandardNormal } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  type ElboReport,
  type EvaluationOptions,
  heldOutElbo,
  type Items,
  type LikelihoodOptions,
  type LikelihoodReport,
  marginalLikelihood,
} from '../evaluation.js';
import {
  isEncoder,
  mapObservation,
  type Observation,
  repeated,
  rowsOf,
  sharedRows,
  sliceObservation,
  targetOf,
} from '../internal/observation.js';
import { bernoulli } from '../likelihoods/bernoulli.js';
import type { Fusion } from './fusions/fusion.js';
import { mixtureOfProducts } from './fusions/mixture-of-products.js';
import { mixtureLogDensity } from './gaussian-products.js';
import { Inference, type Modality } from './inference.js';
import { chosenComponent, drawFrom, expectedLatent, type Posterior, repeatedPosterior } from './posterior.js';

/** What is known of each item, by modality; modalities may be left out. */
export type MultimodalObservation<Name extends string = string> = { [N in Name]?: Observation };

/**
 * Which rows have a modality: [batch] of ones and zeros; a modality without an entry is there in all rows. What stands in the
 * place of a missing row is ignored: a row that is present takes its place.
 */
export type Presence<Name extends string = string> = { [N in Name]?: Tensor1D };

/** The observations of a batch by modality, and which of them are there. */
export type MultimodalBatch<Name extends string = string> = MultimodalObservation<Name> & {
  present?: Presence<Name> | undefined;
};

export interface MultimodalVaeOptions<Name extends string> {
  /** By name; `present` is no name, since it stands beside them in a batch. */
  modalities: Record<Name, Modality>;
  /**
   * How the posteriors of single modalities become one: `productOfExperts()`, `mixtureOfExperts()`, `mixtureOfProducts()`,
   * `jmvae()`.
   * @default mixtureOfProducts()
   */
  fusion?: Fusion;
  /** @default 1 */
  beta?: number | Schedule;
  /**
   * Weighs each log likelihood by (most values of any modality) / (own values), so that large ones do not drown small ones.
   * @default false
   */
  rescale?: boolean;
  /** @default 0 */
  seed?: number | string;
}

/** A VAE of several modalities with one latent; see `multimodalVae`. A model for `trainStep`. */
export interface MultimodalVae<Name extends string = string> extends Trainable<MultimodalBatch<Name>>, Savable {
  readonly latentDimension: number;
  readonly modalities: readonly Name[];
  /** q(z | what is given): a mixture of Gaussians (of one, for `productOfExperts` and `jmvae`). */
  posterior(x: MultimodalObservation<Name>, options?: { present?: Presence<Name>; training?: boolean }): Posterior;
  /** The loss of a batch, mean over items, in nats; terms `reconstruction`, `divergence`. */
  loss(batch: MultimodalBatch<Name>, options?: { training?: boolean }): LossTerms;
  /** The bound of held-out items, without rescaling and with beta 1. */
  elbo(x: MultimodalObservation<Name>, options: EvaluationOptions): Promise<ElboReport>;
  /** log p(all that is given) of held-out items by importance sampling. */
  logLikelihood(x: MultimodalObservation<Name>, options: LikelihoodOptions): Promise<LikelihoodReport>;
  /** Expected values of one modality given any others; latents are means, or drawn when `random` is given. */
  generate(x: MultimodalObservation<Name>, options: { to: Name; random?: Random }): Tensor;
  /** Expected values of all modalities under the same latents from the prior. */
  sample(count: number, options: { random: Random }): Record<Name, Tensor>;
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  /** Frees the networks; encoders of core stay their owners'. */
  dispose(): void;
}

const optionNames: Record<keyof MultimodalVaeOptions<string>, true> = {
  modalities: true,
  fusion: true,
  beta: true,
  rescale: true,
  seed: true,
};

/**
 * A VAE of several modalities that share one latent: log p(x_1 ... x_M) >= sum_s w_s { E_{q_s} sum_m log p(x_m | z) -
 * KL(q_s || p) } over the components q_s of the posterior. Modalities may be missing, in training as in use: they are left
 * out, or marked row by row in `present`.
 *
 * @throws CrossmodalError for fewer than two modalities, decoders of different latent dimensions, a negative beta
 * @see Wu and Goodman (MVAE, 2018), eq. 4-5; Shi et al. (MMVAE, 2019); Sutter et al., Generalized multimodal ELBO (MoPoE,
 *   2021), eq. 6; Suzuki et al., Joint multimodal learning with deep generative models (JMVAE, 2016), eq. 5
 * @example
 * const model = multimodalVae({ modalities: { image: { encoder, decoder }, label: { encoder: e, decoder: d, likelihood: categorical({ classes: 10 }) } } });
 * const drawn = model.generate({ label }, { to: 'image' });
 */
export function multimodalVae<Name extends string>(options: MultimodalVaeOptions<Name>): MultimodalVae<Name> {
  assertKnownOptions('multimodalVae', options, optionNames);
  const { modalities: named, fusion = mixtureOfProducts(), beta = 1, rescale = false, seed = 0 } = options;
  const modalities: Record<string, Modality> = named;
  const names = Object.keys(modalities) as Name[];
  const dimensions = names.map((name) => modalities[name]!.decoder.inputs[0]?.shape[1]);
  const latentDimension = dimensions[0];
  if (names.length < 2 || typeof latentDimension !== 'number' || dimensions.some((size) => size !== latentDimension)) {
    throw new CrossmodalError(
      `multimodalVae: needs two or more modalities whose decoders take latents of one dimension, got ${names.map((name, i) => `${name}: ${dimensions[i]}`).join(', ') || 'none'}`,
    );
  }
  if (typeof beta === 'number' && !(beta >= 0))
    throw new CrossmodalError(`multimodalVae: beta must not be negative, got ${beta}`);
  if (typeof fusion?.posterior !== 'function') {
    throw new CrossmodalError(
      `multimodalVae: fusion must say how posteriors become one, got ${JSON.stringify(fusion)}`,
      {
        remedy: 'pass productOfExperts(), mixtureOfExperts(), mixtureOfProducts() or jmvae()',
      },
    );
  }
  if ((names as string[]).includes('present')) {
    throw new CrossmodalError(
      "multimodalVae: a modality must not be called 'present', which says in a batch what is there",
    );
  }
  const inference = new Inference(modalities, fusion, latentDimension, seed);
  const noise = new Random(seed).fork('multimodal-vae-noise');
  const binary = bernoulli();
  const likelihoodOf = (name: string) => modalities[name]!.likelihood ?? binary;
  const decode = (name: string, z: Tensor2D, { training }: { training: boolean }) =>
    modalities[name]!.decoder.apply(z, { training }) as Tensor;
  const weightOf = (name: string, x: Record<string, Observation>): number => {
    const own = modalities[name]!.weight ?? 1;
    if (!rescale) return own;
    const sizes = Object.values(x).map((observation) => targetOf(observation).size / rowsOf(observation));
    return (own * Math.max(...sizes)) / (targetOf(x[name]!).size / rowsOf(x[name]!));
  };

  /** sum_m weight_m present_m log p(x_m | z), z holding the rows `times` times: [times * batch]. */
  const explain = (
    x: Record<string, Observation>,
    present: Record<string, Tensor1D>,
    z: Tensor2D,
    { times, training, weight }: BoundOptions & { times: number },
  ): Tensor1D => {
    const terms = names.flatMap((name) => {
      const observation = x[name];
      if (!observation) return [];
      const values = repeated(targetOf(observation), times);
      const each = likelihoodOf(name).logLikelihood(decode(name, z, { training }), values);
      const mask = present[name];
      const counted = mask ? tf.mul(each, repeated(mask, times)) : each;
      return [weight(name) === 1 ? counted : tf.mul(counted, weight(name))];
    });
    return (terms.length === 1 ? terms[0] : tf.addN(terms)) as Tensor1D;
  };
  /** The bound per row: log likelihood and divergence, weighted over the components of the posterior. */
  const bound = (
    x: Record<string, Observation>,
    present: Record<string, Tensor1D>,
    { components, weights }: Posterior,
    random: Random,
    options: BoundOptions,
  ) => {
    const count = components.length;
    const all: Gaussian = {
      mean: tf.concat(
        components.map(({ mean }) => mean),
        0,
      ) as Tensor2D,
      logVariance: tf.concat(
        components.map(({ logVariance }) => logVariance),
        0,
      ) as Tensor2D,
    };
    const explained = tf.reshape(explain(x, present, drawFrom(all, random), { ...options, times: count }), [count, -1]);
    const paid = tf.reshape(klStandardNormal(all.mean, all.logVariance, { reduction: 'none' }), [count, -1]);
    const share = weights ? tf.stack(weights) : 1 / count;
    const over = (terms: Tensor) => tf.sum(tf.mul(terms, share), 0) as Tensor1D;
    return { logLikelihood: over(explained), divergence: over(paid) };
  };

  const unweighted: BoundOptions = { training: false, weight: () => 1 };
  const model: MultimodalVae<Name> = {
    latentDimension,
    modalities: names,
    posterior: (observations, { present = {}, ...rest } = {}) =>
      tf.tidy(() => {
        const training = isTraining('multimodalVae.posterior', rest);
        const masks = inference.check(observations, present);
        return inference.infer(presentOnly(observations, masks), masks, { training }).posterior;
      }),
    loss: ({ present = {}, ...observations }, options) => {
      const training = isTraining('multimodalVae.loss', options);
      return tf.tidy((): LossTerms => {
        const masks = inference.check(observations, present);
        const x = presentOnly(observations, masks);
        const weight = (name: string) => weightOf(name, x);
        const price = typeof beta === 'number' ? beta : scheduledScalar(beta);
        const { experts, posterior } = inference.infer(x, masks, { training });
        const { logLikelihood, divergence } = bound(x, masks, posterior, noise, { training, weight });
        const reconstruction = tf.neg(tf.mean(logLikelihood)) as Scalar;
        const paid = tf.mean(divergence) as Scalar;
        let loss = tf.add(reconstruction, tf.mul(price, paid));
        if (fusion.hasSingleBounds) {
          for (const [name, expert] of Object.entries(experts)) {
            const only = { [name]: x[name] as Observation };
            const own = bound(only, masks, inference.alone(expert), noise, { training, weight });
            const paidAlone = tf.mul(price, own.divergence);
            const mask = masks[name];
            const each = tf.sub(mask ? tf.mul(paidAlone, mask) : paidAlone, own.logLikelihood);
            loss = tf.add(loss, tf.mean(each));
          }
        }
        const penalty = fusion.penalty?.(posterior, Object.values(experts));
        if (penalty) loss = tf.add(loss, penalty);
        return { loss: loss as Scalar, reconstruction, divergence: paid };
      });
    },
    elbo: async (x, options) =>
      heldOutElbo(itemsOf(x as Record<string, Observation>), options, (part, samples, random) => {
        const { posterior } = inference.infer(part, {}, { training: false });
        const draws = Array.from({ length: samples }, () => bound(part, {}, posterior, random, unweighted));
        const explained = tf.addN(draws.map(({ logLikelihood }) => logLikelihood));
        return { logLikelihood: tf.div(explained, samples) as Tensor1D, divergence: draws[0]!.divergence };
      }),
    logLikelihood: async (x, options) =>
      marginalLikelihood(itemsOf(x as Record<string, Observation>), options, (part, samples, random) => {
        const q = repeatedPosterior(inference.infer(part, {}, { training: false }).posterior, samples);
        const z = drawFrom(chosenComponent(q, random), random);
        const explained = explain(part, {}, z, { ...unweighted, times: samples });
        const ratio = tf.sub(gaussianLogLikelihood(z, 0), mixtureLogDensity(z, q.components, { weights: q.weights }));
        return tf.reshape(tf.add(explained, ratio), [samples, -1]) as Tensor2D;
      }),
    generate: (x, { to, random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('multimodalVae.generate', others, ['to', 'random']);
        if (!names.includes(to)) {
          throw new CrossmodalError(`generate: to must be one of ${names.join(', ')}, got ${to}`);
        }
        const { posterior } = inference.infer(x as Record<string, Observation>, {}, { training: false });
        const z = random ? drawFrom(chosenComponent(posterior, random), random) : expectedLatent(posterior);
        return likelihoodOf(to).mean(decode(to, z, { training: false }));
      }),
    sample: (count, { random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('multimodalVae.sample', others, ['random']);
        const z = randomNormal<Tensor2D>([count, latentDimension], { random });
        return Object.fromEntries(
          names.map((name) => [name, likelihoodOf(name).mean(decode(name, z, { training: false }))]),
        ) as Record<Name, Tensor>;
      }),
    trainableVariables: () => Object.values(model.namedVariables()).filter((variable) => variable.trainable),
    namedVariables: () => {
      const named = inference.namedVariables();
      for (const [name, { encoder, decoder }] of Object.entries(modalities)) {
        const own = isEncoder(encoder) ? encoder.namedVariables() : namedVariables(encoder);
        Object.assign(named, prefixed(`encoder/${name}`, own), prefixed(`decoder/${name}`, namedVariables(decoder)));
      }
      return named;
    },
    files: (settings) =>
      savedModelFiles(
        {
          type: 'multimodalVae',
          options: { modalities, fusion, beta, rescale, seed },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      for (const { encoder, decoder } of Object.values(modalities)) {
        if (!isEncoder(encoder)) encoder.dispose();
        decoder.dispose();
      }
      inference.dispose();
    },
  };
  return model;
}

/** How a bound is taken: with dropout and the like or without, and the factor of each modality's log likelihood. */
interface BoundOptions {
  training: boolean;
  weight: (name: string) => number;
}

/** Held-out rows of all modalities. */
function itemsOf(x: Record<string, Observation>): Items<Record<string, Observation>> {
  const observations = Object.values(x);
  const rows = sharedRows(observations);
  return {
    rows,
    values: observations.reduce((sum, observation) => sum + targetOf(observation).size / rows, 0),
    slice: (start, count) =>
      Object.fromEntries(
        Object.entries(x).map(([name, observation]) => [name, sliceObservation(observation, start, count)]),
      ),
  };
}

/** The observations that are given, each missing row replaced by one that is present. */
function presentOnly(observations: object, masks: Record<string, Tensor1D>): Record<string, Observation> {
  const given = Object.entries(observations as Record<string, Observation | undefined>).filter(
    ([, x]) => x !== undefined,
  );
  return Object.fromEntries(
    (given as [string, Observation][]).map(([name, observation]) => {
      const mask = masks[name];
      return [name, mask ? mapObservation(observation, (tensor) => presentRows(tensor, mask)) : observation];
    }),
  );
}
