import { assertKnownOptions, CrossmodalError, type Random, requireInteger } from '@crossmodal/core';
import type { Samples } from '../waveform.js';

/**
 * Moves a signal in time by up to `maximum` samples either way; what leaves is lost, what is missing is zero.
 *
 * @param samples amplitudes, [time]; not changed
 * @returns [time]
 * @throws CrossmodalError when `maximum` is negative or not whole
 * @example
 * const moved = timeShift(samples, { random: new Random(1), maximum: 800 });
 */
export function timeShift(
  samples: Samples,
  { random, maximum, ...others }: { random: Random; maximum: number },
): Float32Array {
  assertKnownOptions('timeShift', others, ['random', 'maximum']);

  requireInteger('timeShift: maximum', maximum, 0);
  const shift = random.integer(2 * maximum + 1) - maximum;
  return Float32Array.from({ length: samples.length }, (_, n) => samples[n - shift] ?? 0);
}

/**
 * Adds white noise at a signal-to-noise ratio drawn uniformly from [minimum, maximum] decibels; silence stays silent.
 *
 * @param samples amplitudes, [time]; not changed
 * @returns [time]
 * @throws CrossmodalError when minimum exceeds maximum
 * @example
 * const noisy = addNoise(samples, { random: new Random(1), minimum: 10, maximum: 30 });
 */
export function addNoise(
  samples: Samples,
  { random, minimum, maximum, ...others }: { random: Random; minimum: number; maximum: number },
): Float32Array {
  assertKnownOptions('addNoise', others, ['random', 'minimum', 'maximum']);

  if (!(minimum <= maximum)) {
    throw new CrossmodalError(`addNoise: minimum must be at most maximum, got ${minimum} and ${maximum} dB`);
  }
  const decibels = minimum + (maximum - minimum) * random.uniform();
  const noise = new Float32Array(samples.length);
  random.fillNormal(noise);
  let power = 0;
  for (let n = 0; n < noise.length; n++) power += samples[n]! ** 2 / noise.length;
  const scale = Math.sqrt(power / 10 ** (decibels / 10));
  return noise.map((v, n) => samples[n]! + scale * v);
}
