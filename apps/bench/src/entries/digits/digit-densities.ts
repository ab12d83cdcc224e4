import { Random } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/data';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import { adam } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { denseDecoder, denseInference, type Vae, type VaeBatch, vae } from '@crossmodal/vae';
import type * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { trainToEnd } from '../shared/train.js';

export interface DensitySettings {
  steps: number;
  batchSize: number;
  /** Latents per picture in the training of the importance-weighted model. */
  samples: number;
  /** Test pictures and latents per picture of the measured likelihood. */
  test: number;
  testSamples: number;
  hidden: number;
  latentDimension: number;
}

/** The models that are compared: what they are trained on, and what Burda et al. (2016), table 1, publish. */
export const densityKinds = {
  VAE: { objective: 'elbo', published: 86.76 },
  IWAE: { objective: 'importance-weighted', published: 85.54 },
} as const;

export type DensityKind = keyof typeof densityKinds;

export const densityNames = Object.keys(densityKinds) as DensityKind[];

/** -log p of test pictures, mean, by importance sampling with so many latents each. */
export async function costOf(model: Vae, test: tf.Tensor2D, samples: number, seed: number): Promise<number> {
  const random = new Random(seed).fork('likelihood');
  return -(await model.logLikelihood(test, { random, samples })).logLikelihood;
}

/** A VAE of 784 values before training. */
export function digitDensity(
  kind: DensityKind,
  { samples, hidden, latentDimension }: DensitySettings,
  seed: number,
): Vae {
  const layers = { hidden: [hidden, hidden], seed };
  return vae({
    encoder: denseInference({ inputDimension: 784, ...layers }),
    decoder: denseDecoder({ latentDimension, outputDimension: 784, ...layers }),
    objective: densityKinds[kind].objective,
    samples: kind === 'IWAE' ? samples : 1,
    seed,
  });
}

/** Trains with Adam at a rate that falls from 1e-3 to 1e-4. */
export async function trainDensity(
  model: Vae,
  data: Dataset<VaeBatch>,
  { steps }: DensitySettings,
  run: Followed & { validate?: () => Promise<Record<string, number>>; validateEverySteps?: number },
): Promise<History> {
  return trainToEnd(model, adam({ learningRate: cosine({ from: 1e-3, to: 1e-4, steps }) }), data, { steps, ...run });
}

/** -log p of the test pictures when each pixel is an independent Bernoulli variable with the mean of training. */
export function costOfMean({ images, count }: LabelledImages, test: tf.Tensor2D): number {
  const mean = new Float64Array(784);
  images.forEach((grey, i) => {
    mean[i % 784]! += grey / 255 / count;
  });
  const pixels = test.dataSync();
  let total = 0;
  pixels.forEach((on, i) => {
    const p = Math.min(1 - 1e-6, Math.max(1e-6, mean[i % 784]!));
    total -= on * Math.log(p) + (1 - on) * Math.log(1 - p);
  });
  return total / test.shape[0];
}
