import { CrossmodalError, compile, type Random } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Observation, rowsOf, sliceObservation, targetOf } from './internal/observation.js';

/** Means over the items, in nats. */
export interface ElboReport {
  /** E_q log p(x|z) - KL(q || p): a lower bound of log p(x). */
  elbo: number;
  /** -E_q log p(x|z). */
  reconstruction: number;
  /** KL(q(z|x) || p(z)). */
  divergence: number;
  /** -elbo / (values per item * log 2). */
  bitsPerValue: number;
  /** The bound of each item. */
  perItem: Float64Array;
}

/** An estimate of log p(x), in nats. */
export interface LikelihoodReport {
  /** Mean over the items of log 1/K sum_k w_k. */
  logLikelihood: number;
  samples: number;
  perItem: Float64Array;
}

interface Batching {
  random: Random;
  batchSize?: number;
}

/** Rows of an observation and its condition, a batch at a time. */
function* batches(x: Observation, condition: Tensor2D | undefined, batchSize: number) {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new CrossmodalError(`elbo: batchSize must be an integer of at least 1, got ${batchSize}`);
  }
  const rows = rowsOf(x);
  for (let start = 0; start < rows; start += batchSize) {
    const count = Math.min(batchSize, rows - start);
    const part = tf.tidy(() => ({
      x: sliceObservation(x, start, count),
      condition: condition ? tf.slice(condition, start, count) : undefined,
    }));
    try {
      yield { ...part, start, count };
    } finally {
      tf.dispose(part as tf.TensorContainerObject);
    }
  }
}

const meanOf = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Evaluates the bound batch by batch; `terms` gives log p(x|z) and the divergence per item. */
export async function heldOutElbo(
  x: Observation,
  condition: Tensor2D | undefined,
  { random, samples = 1, batchSize = 100 }: Batching & { samples?: number },
  terms: (
    x: Observation,
    condition: Tensor2D | undefined,
    samples: number,
    random: Random,
  ) => { logLikelihood: Tensor1D; divergence: Tensor1D },
): Promise<ElboReport> {
  const rows = rowsOf(x);
  const perItem = new Float64Array(rows);
  const explained = new Float64Array(rows);
  const paid = new Float64Array(rows);
  const fn = compile((part: Observation, given: Tensor2D | undefined) => {
    const { logLikelihood, divergence } = terms(part, given, samples, random);
    return { logLikelihood, divergence };
  });
  try {
    for (const part of batches(x, condition, batchSize)) {
      const result = fn(part.x, part.condition);
      const [likelihoods, divergences] = await Promise.all([result.logLikelihood.data(), result.divergence.data()]);
      tf.dispose(result);
      for (let i = 0; i < part.count; i++) {
        explained[part.start + i] = likelihoods[i] as number;
        paid[part.start + i] = divergences[i] as number;
        perItem[part.start + i] = (likelihoods[i] as number) - (divergences[i] as number);
      }
    }
  } finally {
    fn.dispose();
  }
  const elbo = meanOf(perItem);
  const values = targetOf(x).size / rows;
  return {
    elbo,
    reconstruction: -meanOf(explained),
    divergence: meanOf(paid),
    bitsPerValue: -elbo / (values * Math.LN2),
    perItem,
  };
}

/**
 * log p(x) ~ log 1/K sum_k p(x, z_k) / q(z_k | x), a few samples at a time; the sum is carried on the host in doubles.
 *
 * @see Burda et al., Importance weighted autoencoders (2016), section 5: 5,000 samples
 */
export async function marginalLikelihood(
  x: Observation,
  condition: Tensor2D | undefined,
  {
    random,
    samples = 1000,
    samplesAtOnce = 50,
    batchSize = 100,
  }: Batching & { samples?: number; samplesAtOnce?: number },
  logWeights: (x: Observation, condition: Tensor2D | undefined, samples: number, random: Random) => Tensor,
): Promise<LikelihoodReport> {
  if (!Number.isInteger(samples) || samples < 1 || !Number.isInteger(samplesAtOnce) || samplesAtOnce < 1) {
    throw new CrossmodalError(
      `logLikelihood: samples and samplesAtOnce must be integers of at least 1, got ${samples} and ${samplesAtOnce}`,
    );
  }
  const perItem = new Float64Array(rowsOf(x));
  const fn = compile((part: Observation, given: Tensor2D | undefined, count: number) =>
    logWeights(part, given, count, random),
  );
  try {
    for (const part of batches(x, condition, batchSize)) {
      const peak = new Float64Array(part.count).fill(Number.NEGATIVE_INFINITY);
      const sum = new Float64Array(part.count);
      for (let done = 0; done < samples; done += samplesAtOnce) {
        const count = Math.min(samplesAtOnce, samples - done);
        const result = fn(part.x, part.condition, count);
        const weights = await result.data();
        tf.dispose(result);
        for (let k = 0; k < count; k++) {
          for (let i = 0; i < part.count; i++) addLog(peak, sum, i, weights[k * part.count + i] as number);
        }
      }
      for (let i = 0; i < part.count; i++) {
        perItem[part.start + i] = (peak[i] as number) + Math.log((sum[i] as number) / samples);
      }
    }
  } finally {
    fn.dispose();
  }
  return { logLikelihood: meanOf(perItem), samples, perItem };
}

/** A running log-sum-exp: the sum of item i is sum[i] exp(peak[i]). */
function addLog(peak: Float64Array, sum: Float64Array, i: number, weight: number): void {
  const top = peak[i] as number;
  if (weight <= top) sum[i] = (sum[i] as number) + Math.exp(weight - top);
  else {
    sum[i] = (sum[i] as number) * Math.exp(top - weight) + 1;
    peak[i] = weight;
  }
}
