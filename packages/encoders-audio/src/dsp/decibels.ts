import { assertKnownOptions, CrossmodalError, requirePositive } from '@crossmodal/core';
import type { Spectrogram } from '../waveform.js';

/**
 * Power to decibels: 10 log10(max(floor, S)) - 10 log10(max(floor, reference)), then nothing lower than the
 * maximum of the whole array minus `range`.
 *
 * @param power any shape, as a spectrogram
 * @param options.reference power that maps to 0 dB, or 'maximum' for the largest value of the array
 * @param options.range decibels below the maximum at which values are cut; Infinity cuts none
 * @returns the same shape, in decibels
 * @throws CrossmodalError when `floor` or `range` is not positive
 * @see librosa.power_to_db
 * @example
 * const decibels = powerToDecibels(melSpectrogram(samples, { sampleRate: 16000 }));
 */
export function powerToDecibels(
  power: Spectrogram,
  {
    reference = 1,
    floor = 1e-10, // librosa, torchaudio
    range = 80, // librosa, torchaudio: top_db
    ...others
  }: {
    /** @default 1 */
    reference?: number | 'maximum';
    /** @default 1e-10 */
    floor?: number;
    /** @default 80 */
    range?: number;
  } = {},
): Spectrogram {
  assertKnownOptions('powerToDecibels', others, ['reference', 'floor', 'range']);

  requirePositive('powerToDecibels: floor', floor);
  if (!(range > 0)) throw new CrossmodalError(`powerToDecibels: range must be positive decibels, got ${range}`);
  if (reference !== 'maximum') requirePositive('powerToDecibels: reference', reference);
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of power.data) largest = Math.max(largest, value);
  const zero = 10 * Math.log10(Math.max(floor, reference === 'maximum' ? largest : reference));
  const lowest = 10 * Math.log10(Math.max(floor, largest)) - zero - range;
  return {
    shape: power.shape,
    data: power.data.map((v) => Math.max(10 * Math.log10(Math.max(floor, v)) - zero, lowest)),
  };
}
