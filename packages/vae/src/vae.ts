import {
  assertKnownOptions,
  CrossmodalError,
  interpolateVectors,
  isTraining,
  type LossTerms,
  type NamedVariables,
  namedVariables,
  prefixed,
  Random,
  randomNormal,
  requireInteger,
  requireOneOf,
  type Savable,
  savedModelFiles,
  type Trainable,
} from '@crossmodal/core';
import { type Gaussian, gaussianHead, LayerSeeds, reparameterise } from '@crossmodal/core/layers';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import { gaussianLogLikelihood, iwaeBound, klStandardNormal, freeBits as pricedByFreeBits } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type ElboReport,
  type EvaluationOptions,
  heldOutElbo,
  type Items,
  type LikelihoodOptions,
  type LikelihoodReport,
  marginalLikelihood,
} from './evaluation.js';
import {
  type FeatureNetwork,
  featureSize,
  featuresOf,
  isEncoder,
  type Observation,
  repeated,
  rowsOf,
  sliceObservation,
  targetOf,
} from './internal/observation.js';
import type { LatentDistribution } from './latents/latent-distribution.js';
import { bernoulli } from './likelihoods/bernoulli.js';
import type { Likelihood } from './likelihoods/likelihood.js';

export interface VaeOptions {
  /** Observations (and conditions) -> features; the heads for mean and log variance are added. */
  encoder: FeatureNetwork;
  /** Latents [batch, latentDimension] (and conditions) -> parameters of the likelihood. */
  decoder: LayersModel;
  /** Checked against the decoder's first input when given. */
  latentDimension?: number;
  /**
   * Length of the condition of a conditional VAE; 0 for none. Encoder and decoder then take it as second input.
   * @default 0
   */
  conditionDimension?: number;
  /** @default bernoulli() */
  likelihood?: Likelihood;
  /**
   * Weight of the divergence: a number, or a schedule over the training steps (annealing).
   * @default 1
   */
  beta?: number | Schedule;
  /**
   * Nats per latent dimension (mean over the batch) that cost nothing.
   * @default 0
   */
  freeBits?: number;
  /**
   * `importance-weighted` trains on the IWAE bound of `samples` samples.
   * @default 'elbo'
   */
  objective?: 'elbo' | 'importance-weighted';
  /**
   * Latents drawn per item in training.
   * @default 1
   */
  samples?: number;
  /** @default 0 */
  seed?: number | string;
}

/** A batch of items; also a part of held-out ones. */
export type VaeBatch = {
  x: Observation;
  /** [batch, conditionDimension], for a conditional VAE. */
  condition?: Tensor2D | undefined;
};

export interface ConditionOption {
  /** [batch, conditionDimension], for a conditional VAE. */
  condition?: Tensor2D | undefined;
}

/** A variational autoencoder; see `vae`. A model for `trainStep`. */
export interface Vae extends Trainable<VaeBatch>, Savable {
  readonly latentDimension: number;
  readonly likelihood: Likelihood;
  /** q(z | x): mean and log variance, [batch, latentDimension]. */
  posterior(x: Observation, options?: ConditionOption & { training?: boolean }): Gaussian;
  /** Latents -> parameters of p(x | z). */
  decode(z: Tensor2D, options?: ConditionOption & { training?: boolean }): Tensor;
  /**
   * The loss of a batch, mean over items, in nats. For the ELBO: `reconstruction` -E_q log p(x|z), `divergence`
   * KL(q || p), loss = reconstruction + beta divergence. Importance-weighted: loss = -log 1/K sum_k w_k.
   */
  loss(batch: VaeBatch, options?: { training?: boolean }): LossTerms;
  /** log p(x, z_k) - log q(z_k | x) of `samples` latents drawn per item: [samples, batch]. */
  logWeights(x: Observation, options: ConditionOption & { samples: number; random: Random }): Tensor2D;
  /** The evidence lower bound of held-out items (beta 1, whatever was trained with). */
  elbo(x: Observation, options: ConditionOption & EvaluationOptions): Promise<ElboReport>;
  /** log p(x) of held-out items by importance sampling. */
  logLikelihood(x: Observation, options: ConditionOption & LikelihoodOptions): Promise<LikelihoodReport>;
  /** Expected values under the latent's mean (or, with `random`, under a draw of it). */
  reconstruct(x: Observation, options?: ConditionOption & { random?: Random }): Tensor;
  /**
   * Expected values (or, with `draw`, drawn ones) under latents from the prior, or from the distribution that is passed; one per
   * condition row, if any.
   */
  sample(
    count: number,
    options: ConditionOption & { random: Random; draw?: boolean; latents?: LatentDistribution },
  ): Tensor;
  /** Expected values on the way between the latent means of two observations of one row each: [steps, ...]. */
  interpolate(
    from: Observation,
    to: Observation,
    options?: ConditionOption & { steps?: number; path?: 'linear' | 'spherical' },
  ): Tensor;
  /** Expected values with one latent dimension of a one-row observation set to each of `values`: [values, ...]. */
  traverse(x: Observation, options: ConditionOption & { dimension: number; values?: readonly number[] }): Tensor;
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  /** Frees the networks; an `Encoder` stays its owner's. */
  dispose(): void;
}

/** Whether networks with dropout and the like are applied as in training. */
type Mode = { training: boolean };
const still: Mode = { training: false };

const optionNames: Record<keyof VaeOptions, true> = {
  encoder: true,
  decoder: true,
  latentDimension: true,
  conditionDimension: true,
  likelihood: true,
  beta: true,
  freeBits: true,
  objective: true,
  samples: true,
  seed: true,
};

/**
 * A variational autoencoder: log p(x) >= E_q(z|x) log p(x|z) - KL(q(z|x) || p(z)), with q a diagonal Gaussian and p(z)
 * standard normal. Also beta-VAE (`beta`), conditional VAE (`conditionDimension`), and IWAE (`objective`, `samples`):
 * log p(x) >= E log 1/K sum_k p(x, z_k) / q(z_k | x).
 *
 * @throws CrossmodalError for networks whose shapes do not fit, a negative beta, samples below one
 * @see Kingma and Welling, Auto-encoding variational Bayes (2014), eq. 10; Higgins et al., beta-VAE (2017), eq. 4;
 *   Sohn et al., Structured output representation (2015); Burda et al., Importance weighted autoencoders (2016), eq. 8
 * @example
 * const model = vae({ encoder: denseInference({ inputDimension: 784 }),
 *   decoder: denseDecoder({ latentDimension: 50, outputDimension: 784 }), seed: 1 });
 * const step = trainStep(model, { optimizer: adam({ learningRate: 1e-3 }) });
 */
export function vae(options: VaeOptions): Vae {
  assertKnownOptions('vae', options, optionNames);
  const {
    encoder,
    decoder,
    latentDimension: expectedLatent,
    conditionDimension = 0,
    likelihood = bernoulli(),
    beta = 1,
    freeBits = 0,
    objective = 'elbo',
    samples = 1, // Kingma and Welling, section 2.3
    seed = 0,
  } = options;
  requireOneOf('vae: objective', objective, ['elbo', 'importance-weighted']);
  const latentDimension = decoder.inputs[0]?.shape[1] as number;
  if (typeof latentDimension !== 'number' || (expectedLatent ?? latentDimension) !== latentDimension) {
    throw new CrossmodalError(
      `vae: the decoder must take latents [batch, ${expectedLatent ?? 'latentDimension'}], its input is [${decoder.inputs[0]?.shape}]`,
    );
  }
  if (typeof beta === 'number' && !(beta >= 0))
    throw new CrossmodalError(`vae: beta must not be negative, got ${beta}`);
  requireInteger('vae: samples', samples);
  const head = gaussianHead({
    features: featureSize('vae', encoder, conditionDimension),
    dimension: latentDimension,
    seeds: new LayerSeeds(seed, 'gaussian-head-latent'),
  });
  const noise = new Random(seed).fork('vae-noise');

  const checked = (caller: string, condition: Tensor2D | undefined, rows: number): Tensor2D | undefined => {
    const shape = condition?.shape ?? [];
    const fits = conditionDimension === 0 ? !condition : shape[0] === rows && shape[1] === conditionDimension;
    if (!fits) {
      const wanted = conditionDimension === 0 ? 'no condition' : `a condition [${rows}, ${conditionDimension}]`;
      throw new CrossmodalError(`${caller}: this VAE takes ${wanted}, got ${condition ? `[${shape}]` : 'none'}`);
    }
    return condition;
  };
  const encode = (caller: string, x: Observation, condition: Tensor2D | undefined, mode: Mode): Gaussian =>
    head.apply(featuresOf(caller, encoder, x, checked(caller, condition, rowsOf(x)), mode));
  const decode = (z: Tensor2D, condition: Tensor2D | undefined, mode: Mode): Tensor =>
    decoder.apply(condition ? [z, condition] : z, mode) as Tensor;

  /** `count` latents per item and what they say: all rows once, then again. */
  const draw = (x: Observation, condition: Tensor2D | undefined, count: number, random: Random, mode: Mode) => {
    const q = encode('vae', x, condition, mode);
    const rows = rowsOf(x);
    const mean = repeated(q.mean, count);
    const logVariance = repeated(q.logVariance, count);
    const z = reparameterise(mean, logVariance, { random });
    const parameters = decode(z, condition && repeated(condition, count), mode);
    const logLikelihood = likelihood.logLikelihood(parameters, repeated(targetOf(x), count));
    return { q, mean, logVariance, z, logLikelihood, rows };
  };
  const logWeights = (x: Observation, condition: Tensor2D | undefined, count: number, random: Random, mode: Mode) => {
    const { mean, logVariance, z, logLikelihood, rows } = draw(x, condition, count, random, mode);
    const ratio = tf.sub(gaussianLogLikelihood(z, 0), gaussianLogLikelihood(z, mean, { logVariance }));
    return tf.reshape(tf.add(logLikelihood, ratio), [count, rows]) as Tensor2D;
  };
  const items = (x: Observation, condition: Tensor2D | undefined): Items<VaeBatch> => ({
    rows: rowsOf(x),
    values: targetOf(x).size / rowsOf(x),
    slice: (start, count) => ({
      x: sliceObservation(x, start, count),
      ...(condition ? { condition: tf.slice(condition, start, count) } : {}),
    }),
  });
  const expected = (z: Tensor2D, condition: Tensor2D | undefined) => likelihood.mean(decode(z, condition, still));

  const model: Vae = {
    latentDimension,
    likelihood,
    posterior: (x, { condition, ...rest } = {}) =>
      tf.tidy(() => encode('posterior', x, condition, { training: isTraining('vae.posterior', rest) })),
    decode: (z, { condition, ...rest } = {}) =>
      tf.tidy(() => decode(z, checked('decode', condition, z.shape[0]), { training: isTraining('vae.decode', rest) })),
    loss: ({ x, condition }, options) => {
      const training = isTraining('vae.loss', options);
      return tf.tidy((): LossTerms => {
        if (objective === 'importance-weighted') {
          return { loss: tf.neg(iwaeBound(logWeights(x, condition, samples, noise, { training }))) as Scalar };
        }
        const { q, logLikelihood } = draw(x, condition, samples, noise, { training });
        const reconstruction = tf.neg(tf.mean(logLikelihood)) as Scalar;
        const divergence = klStandardNormal(q.mean, q.logVariance);
        const priced = freeBits === 0 ? divergence : pricedByFreeBits(q.mean, q.logVariance, { floor: freeBits });
        const weight = typeof beta === 'number' ? beta : scheduledScalar(beta);
        return { loss: tf.add(reconstruction, tf.mul(weight, priced)) as Scalar, reconstruction, divergence };
      });
    },
    logWeights: (x, { condition, samples: count, random, ...others }) => {
      assertKnownOptions('vae.logWeights', others, ['condition', 'samples', 'random']);
      return tf.tidy(() => logWeights(x, condition, count, random, still));
    },
    elbo: (x, { condition, ...options }) =>
      heldOutElbo(items(x, condition), options, (part, count, random) => {
        const { q, logLikelihood } = draw(part.x, part.condition, count, random, still);
        const each = tf.mean(tf.reshape(logLikelihood, [count, -1]), 0) as Tensor1D;
        return { logLikelihood: each, divergence: klStandardNormal(q.mean, q.logVariance, { reduction: 'none' }) };
      }),
    logLikelihood: (x, { condition, ...options }) =>
      marginalLikelihood(items(x, condition), options, (part, count, random) =>
        logWeights(part.x, part.condition, count, random, still),
      ),
    reconstruct: (x, { condition, random, ...others } = {}) =>
      tf.tidy(() => {
        assertKnownOptions('vae.reconstruct', others, ['condition', 'random']);
        if (random) {
          const { mean, logVariance } = encode('reconstruct', x, condition, still);
          return expected(reparameterise(mean, logVariance, { random }), condition);
        }
        return expected(encode('reconstruct', x, condition, still).mean, condition);
      }),
    sample: (count, { condition, random, draw: drawn = false, latents, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('vae.sample', others, ['condition', 'random', 'draw', 'latents']);
        if (latents && latents.dimension !== latentDimension) {
          throw new CrossmodalError(
            `sample: latents must have ${latentDimension} dimensions, those of the distribution have ${latents.dimension}`,
          );
        }
        const z = latents?.sample(count, { random }) ?? randomNormal<Tensor2D>([count, latentDimension], { random });
        const parameters = decode(z, checked('sample', condition, count), still);
        return drawn ? likelihood.sample(parameters, { random }) : likelihood.mean(parameters);
      }),
    interpolate: (from, to, { condition, steps = 8, path = 'linear', ...others } = {}) =>
      tf.tidy(() => {
        assertKnownOptions('vae.interpolate', others, ['condition', 'steps', 'path']);
        if (rowsOf(from) !== 1 || rowsOf(to) !== 1) {
          throw new CrossmodalError(
            `interpolate: two observations of one row are needed, got ${rowsOf(from)} and ${rowsOf(to)} rows`,
          );
        }
        const start = encode('interpolate', from, condition, still).mean;
        const end = encode('interpolate', to, condition, still).mean;
        return expected(interpolateVectors(start, end, { steps, path }), condition && repeated(condition, steps));
      }),
    traverse: (x, { condition, dimension, values = [-3, -2, -1, 0, 1, 2, 3], ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('vae.traverse', others, ['condition', 'dimension', 'values']);
        if (rowsOf(x) !== 1 || !Number.isInteger(dimension) || dimension < 0 || dimension >= latentDimension) {
          throw new CrossmodalError(
            `traverse: an observation of one row and a dimension from 0 to ${latentDimension - 1} are needed, got ${rowsOf(x)} rows and ${dimension}`,
          );
        }
        const centre = repeated(encode('traverse', x, condition, still).mean, values.length);
        const one = tf.reshape(tf.oneHot(tf.tensor1d([dimension], 'int32'), latentDimension), [1, latentDimension]);
        const set = tf.mul(tf.reshape(tf.tensor1d([...values]), [values.length, 1]), one);
        const z = tf.add(tf.mul(centre, tf.sub(1, one)), set) as Tensor2D;
        return expected(z, condition && repeated(condition, values.length));
      }),
    trainableVariables: () => Object.values(model.namedVariables()).filter((variable) => variable.trainable),
    namedVariables: () => ({
      ...prefixed('encoder', isEncoder(encoder) ? encoder.namedVariables() : namedVariables(encoder)),
      ...prefixed('latent', head.namedVariables()),
      ...prefixed('decoder', namedVariables(decoder)),
    }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'vae',
          options: {
            ...{
              encoder,
              decoder,
              latentDimension,
              conditionDimension,
              likelihood,
              beta,
              freeBits,
              objective,
              samples,
            },
            seed,
          },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      if (!isEncoder(encoder)) encoder.dispose();
      head.dispose();
      decoder.dispose();
    },
  };
  return model;
}
