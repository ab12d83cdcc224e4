import { assertKnownOptions, compile, type Random, requireInteger } from '@crossmodal/core';
import type { Tensor1D, Tensor2D, TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

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

export interface EvaluationOptions {
  random: Random;
  /** Latents per item. */
  samples?: number;
  batchSize?: number;
}

export interface LikelihoodOptions extends EvaluationOptions {
  /** How many of the samples are decoded together. */
  samplesAtOnce?: number;
}

/** Held-out items, cut into batches as needed. */
export interface Items<T extends TensorContainer> {
  rows: number;
  /** Values per item. */
  values: number;
  slice(start: number, count: number): T;
}

/** A batch at a time, disposed after use. */
function* batches<T extends TensorContainer>({ rows, slice }: Items<T>, batchSize: number) {
  requireInteger('evaluation: batchSize', batchSize);
  for (let start = 0; start < rows; start += batchSize) {
    const count = Math.min(batchSize, rows - start);
    const part = tf.tidy(() => slice(start, count));
    try {
      yield { part, start, count };
    } finally {
      tf.dispose(part);
    }
  }
}

const meanOf = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Evaluates the bound batch by batch; `terms` gives log p(x|z) and the divergence per item. */
export async function heldOutElbo<T extends TensorContainer>(
  items: Items<T>,
  { random, samples = 1, batchSize = 100, ...others }: EvaluationOptions,
  terms: (part: T, samples: number, random: Random) => { logLikelihood: Tensor1D; divergence: Tensor1D },
): Promise<ElboReport> {
  assertKnownOptions('elbo', others, ['random', 'samples', 'batchSize']);
  const { rows } = items;
  const perItem = new Float64Array(rows);
  const explained = new Float64Array(rows);
  const paid = new Float64Array(rows);
  const fn = compile((part: T) => {
    const { logLikelihood, divergence } = terms(part, samples, random);
    return { logLikelihood, divergence };
  });
  try {
    for (const { part, start, count } of batches(items, batchSize)) {
      const result = fn(part);
      const [likelihoods, divergences] = await Promise.all([result.logLikelihood.data(), result.divergence.data()]);
      tf.dispose(result);
      for (let i = 0; i < count; i++) {
        explained[start + i] = likelihoods[i] as number;
        paid[start + i] = divergences[i] as number;
        perItem[start + i] = (likelihoods[i] as number) - (divergences[i] as number);
      }
    }
  } finally {
    fn.dispose();
  }
  const elbo = meanOf(perItem);
  return {
    elbo,
    reconstruction: -meanOf(explained),
    divergence: meanOf(paid),
    bitsPerValue: -elbo / (items.values * Math.LN2),
    perItem,
  };
}

/**
 * log p(x) ~ log 1/K sum_k p(x, z_k) / q(z_k | x), a few samples at a time; the sum is carried on the host in doubles.
 *
 * @see Burda et al., Importance weighted autoencoders (2016), section 5: 5,000 samples
 */
export async function marginalLikelihood<T extends TensorContainer>(
  items: Items<T>,
  { random, samples = 1000, samplesAtOnce = 50, batchSize = 100, ...others }: LikelihoodOptions,
  logWeights: (part: T, samples: number, random: Random) => Tensor2D,
): Promise<LikelihoodReport> {
  assertKnownOptions('logLikelihood', others, ['random', 'samples', 'samplesAtOnce', 'batchSize']);
  requireInteger('logLikelihood: samples', samples);
  requireInteger('logLikelihood: samplesAtOnce', samplesAtOnce);
  const perItem = new Float64Array(items.rows);
  const fn = compile((part: T, size: number) => logWeights(part, size, random));
  try {
    for (const { part, start, count } of batches(items, batchSize)) {
      const peak = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
      const sum = new Float64Array(count);
      for (let done = 0; done < samples; done += samplesAtOnce) {
        const size = Math.min(samplesAtOnce, samples - done);
        const result = fn(part, size);
        const weights = await result.data();
        tf.dispose(result);
        for (let k = 0; k < size; k++) {
          for (let i = 0; i < count; i++) addLog(peak, sum, i, weights[k * count + i] as number);
        }
      }
      for (let i = 0; i < count; i++) {
        perItem[start + i] = (peak[i] as number) + Math.log((sum[i] as number) / samples);
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
