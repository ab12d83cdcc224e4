import { assertKnownOptions, CrossmodalError, requireInteger, requirePositive } from '@crossmodal/core';
import type { Spectrogram } from '../waveform.js';
import { griffinLim } from './griffin-lim.js';
import { melFilterbank } from './mel.js';
import { logMelOptionNames, type MelSpectrogramOptions, speechDefaults } from './mel-spectrogram.js';

const inverseLogMelOptionNames = { ...logMelOptionNames, iterations: true } as const;

/** Rounds of the multiplicative update; the error of the mel bands falls below a thousandth. */
const updates = 60;

/**
 * A signal whose log-mel spectrogram is about the given one. The power spectrum x >= 0 of each frame is that whose bands M x are nearest to
 * the given ones, by the updates x <- x (M' m) / (M' M x); Griffin-Lim finds phases.
 *
 * @param features [frames, bands], as `logMel` gives them with the same options
 * @param options.iterations of Griffin-Lim
 * @returns amplitudes
 * @throws CrossmodalError when the bands differ from those of the options, or an option is out of range
 * @see Lee and Seung (2001), "Algorithms for non-negative matrix factorization", equation 4; Griffin and Lim (1984);
 *   librosa.feature.inverse.mel_to_audio
 * @example
 * const heard = inverseLogMel(logMel(samples, { sampleRate: 8000, bands: 40 }), { sampleRate: 8000, bands: 40 });
 */
export function inverseLogMel(
  { data, shape: [frames, bands] }: Spectrogram,
  {
    offset = 1e-6, // that of logMel
    iterations = 32, // librosa
    ...options
  }: MelSpectrogramOptions & {
    /** @default 1e-6 */
    offset?: number;
    /** @default 32 */
    iterations?: number;
  },
): Float32Array {
  assertKnownOptions('inverseLogMel', options, inverseLogMelOptionNames);

  requirePositive('inverseLogMel: offset', offset);
  requireInteger('inverseLogMel: iterations', iterations);
  const { fftSize, hopLength, windowLength, center, padding, ...mel } = speechDefaults(options);
  const filters = melFilterbank({ ...mel, fftSize });
  const [rows, bins] = filters.shape;
  if (rows !== bands) {
    throw new CrossmodalError(`inverseLogMel: features must have the ${rows} bands of the options, got ${bands}`);
  }
  if (frames === 0) throw new CrossmodalError('inverseLogMel: features must have at least one frame, got none');
  // A short sound is followed by silence, which the ends of its transform reach into.
  const hop = hopLength as number;
  const framesWithSilence = Math.max(frames, Math.ceil(fftSize / hop) + 2);
  const magnitude = new Float32Array(framesWithSilence * bins);
  for (let t = 0; t < frames; t++) {
    const power = Float64Array.from(data.subarray(t * bands, (t + 1) * bands), (value) =>
      Math.max(0, Math.exp(value) - offset),
    );
    magnitude.set(spectrumOf(power, filters.data, bins), t * bins);
  }
  const transform = Object.fromEntries(
    Object.entries({ fftSize, hopLength, windowLength, center, padding }).filter(([, value]) => value !== undefined),
  );
  const samples = griffinLim({ data: magnitude, shape: [framesWithSilence, bins] }, { ...transform, iterations });
  return framesWithSilence === frames ? samples : samples.slice(0, frames * hop);
}

/** The magnitudes of a frame whose mel bands are nearest to these. */
function spectrumOf(power: Float64Array, filters: ArrayLike<number>, bins: number): Float64Array {
  const bands = power.length;
  const x = new Float64Array(bins).fill(1e-3);
  const transposed = (y: Float64Array) => {
    const sums = new Float64Array(bins);
    for (let i = 0; i < bands; i++) for (let k = 0; k < bins; k++) sums[k]! += filters[i * bins + k]! * y[i]!;
    return sums;
  };
  const wanted = transposed(power);
  for (let round = 0; round < updates; round++) {
    const given = new Float64Array(bands);
    for (let i = 0; i < bands; i++) for (let k = 0; k < bins; k++) given[i]! += filters[i * bins + k]! * x[k]!;
    const current = transposed(given);
    for (let k = 0; k < bins; k++) x[k]! *= wanted[k]! / (current[k]! + 1e-30);
  }
  return x.map(Math.sqrt);
}
