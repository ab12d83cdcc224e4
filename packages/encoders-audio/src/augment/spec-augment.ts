import { assertKnownOptions, CrossmodalError, type Random } from '@crossmodal/core';
import type { Spectrogram } from '../waveform.js';

/**
 * SpecAugment without time warping: sets random bands of frequencies and stretches of time to `value`. Each mask has a
 * width drawn uniformly from 0 .. its maximum, then a start drawn uniformly from where it fits. No time mask is wider
 * than `timeShare` of the frames.
 *
 * @param features [frames, bins]; not changed
 * @param options.random source of the draws
 * @param options.value what masked places take, or 'mean' for the mean of the features
 * @returns [frames, bins]
 * @throws CrossmodalError when a number of masks or a width is negative
 * @see Park et al. (2019), "SpecAugment", section 2
 * @example
 * const masked = specAugment(features, { random: new Random(1), frequencyWidth: 8, timeWidth: 20 });
 */
export function specAugment(
  features: Spectrogram,
  {
    random,
    frequencyMasks = 2, // policies LD, SM, SS
    frequencyWidth = 27, // policy LD: F, of 80 bands
    timeMasks = 2, // policies LD, SM, SS
    timeWidth = 100, // policy LD: T
    timeShare = 1, // policy LD: p
    value = 'mean',
    ...others
  }: {
    random: Random;
    /** @default 2 */
    frequencyMasks?: number;
    /** @default 27 */
    frequencyWidth?: number;
    /** @default 2 */
    timeMasks?: number;
    /** @default 100 */
    timeWidth?: number;
    /** @default 1 */
    timeShare?: number;
    /** @default 'mean' */
    value?: number | 'mean';
  },
): Spectrogram {
  assertKnownOptions('specAugment', others, [
    'random',
    'frequencyMasks',
    'frequencyWidth',
    'timeMasks',
    'timeWidth',
    'timeShare',
    'value',
  ]);

  const numbers = { frequencyMasks, frequencyWidth, timeMasks, timeWidth, timeShare };
  for (const [name, given] of Object.entries(numbers)) {
    if (!(given >= 0)) throw new CrossmodalError(`specAugment: ${name} must be 0 or more, got ${given}`);
  }
  if (value !== 'mean' && !Number.isFinite(value)) {
    throw new CrossmodalError(`specAugment: value must be a finite number or 'mean', got ${String(value)}`);
  }
  const [frames, bins] = features.shape;
  const data = Float32Array.from(features.data);
  const fill = value === 'mean' ? data.reduce((sum, v) => sum + v, 0) / Math.max(1, data.length) : value;
  for (let i = 0; i < frequencyMasks; i++) {
    const [from, to] = mask(random, Math.min(frequencyWidth, bins), bins);
    for (let t = 0; t < frames; t++) data.fill(fill, t * bins + from, t * bins + to);
  }
  for (let i = 0; i < timeMasks; i++) {
    const [from, to] = mask(random, Math.min(timeWidth, Math.floor(timeShare * frames), frames), frames);
    data.fill(fill, from * bins, to * bins);
  }
  return { data, shape: [frames, bins] };
}

function mask(random: Random, widest: number, length: number): [from: number, to: number] {
  const width = random.integer(Math.floor(widest) + 1);
  const from = random.integer(length - width + 1);
  return [from, from + width];
}
