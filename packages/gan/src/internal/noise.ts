import { CrossmodalError, type Random, randomNormal } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Where noise comes from: passed, or drawn. */
export interface NoiseOptions {
  random?: Random | undefined;
  noise?: Tensor2D | undefined;
  truncation?: number | undefined;
}

/** The options of `generate` and `generateInBatches`, but for the size of a batch. */
export const drawOptionNames: Record<keyof NoiseOptions, true> = { random: true, noise: true, truncation: true };

/** @throws CrossmodalError unless there is noise for the rows, or something to draw it by */
export function checkNoise(
  caller: string,
  rows: number,
  dimension: number,
  { random, noise, truncation = Number.POSITIVE_INFINITY }: NoiseOptions,
): void {
  if (!(truncation > 0)) throw new CrossmodalError(`${caller}: truncation must be positive, got ${truncation}`);
  if (!noise) {
    if (!random) throw new CrossmodalError(`${caller}: pass { random: new Random(seed) } or { noise }`);
    return;
  }
  if (noise.rank !== 2 || noise.shape[1] !== dimension || (noise.shape[0] !== rows && noise.shape[0] !== 1)) {
    throw new CrossmodalError(`${caller}: noise must be [${rows} or 1, ${dimension}], got [${noise.shape}]`);
  }
}

/** The noise that is passed, one row repeated for all, or drawn: [rows, dimension]. */
export function noiseRows(caller: string, rows: number, dimension: number, options: NoiseOptions): Tensor2D {
  checkNoise(caller, rows, dimension, options);
  const { random, noise, truncation = Number.POSITIVE_INFINITY } = options;
  if (noise) return noise.shape[0] === rows ? tf.clone(noise) : tf.tile(noise, [rows, 1]);
  if (truncation === Number.POSITIVE_INFINITY) {
    return randomNormal<Tensor2D>([rows, dimension], { random: random as Random });
  }
  const values = Float32Array.from({ length: rows * dimension }, () => truncatedNormal(random as Random, truncation));
  return tf.tensor2d(values, [rows, dimension]);
}

/**
 * A draw of the standard normal distribution between -limit and limit.
 *
 * @see Brock et al., Large scale GAN training (BigGAN, 2019), section 3.1: values beyond the limit are drawn anew
 */
function truncatedNormal(random: Random, limit: number): number {
  // Under one deviation most normal draws would be thrown away: uniform ones, taken with the density as probability, are not.
  if (limit < 1) {
    for (;;) {
      const value = (2 * random.uniform() - 1) * limit;
      if (random.uniform() < Math.exp(-(value ** 2) / 2)) return value;
    }
  }
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= limit) return value;
  }
}
