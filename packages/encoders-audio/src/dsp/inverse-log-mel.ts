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
  const stretches = nonZeroStretches(filters.data, bins);
  const framesWithSilence = Math.max(frames, Math.ceil(fftSize / hop) + 2);
  const magnitude = new Float32Array(framesWithSilence * bins);
  for (let t = 0; t < frames; t++) {
    const power = Float64Array.from(data.subarray(t * bands, (t + 1) * bands), (value) =>
      Math.max(0, Math.exp(value) - offset),
    );
    magnitude.set(spectrumOf(power, filters.data, { bins, stretches }), t * bins);
  }
  const transform = Object.fromEntries(
    Object.entries({ fftSize, hopLength, windowLength, center, padding }).filter(([, value]) => value !== undefined),
  );
  const samples = griffinLim({ data: magnitude, shape: [framesWithSilence, bins] }, { ...transform, iterations });
  return framesWithSilence === frames ? samples : samples.slice(0, frames * hop);
}

/** The first bin of each filter that is not zero, and the one behind the last. */
function nonZeroStretches(filters: Float32Array | Float64Array, bins: number): [from: number, to: number][] {
  return Array.from({ length: filters.length / bins }, (_, i) => {
    const row = filters.subarray(i * bins, (i + 1) * bins);
    const from = row.findIndex((value) => value !== 0);
    return from < 0 ? [0, 0] : [from, row.findLastIndex((value) => value !== 0) + 1];
  });
}

/** The magnitudes of a frame whose mel bands are nearest to these. */
function spectrumOf(
  power: Float64Array,
  filters: ArrayLike<number>,
  { bins, stretches }: { bins: number; stretches: readonly (readonly [from: number, to: number])[] },
): Float64Array {
  const x = new Float64Array(bins).fill(1e-3);
  const transposed = (y: Float64Array) => {
    const sums = new Float64Array(bins);
    for (const [i, [from, to]] of stretches.entries()) {
      for (let k = from; k < to; k++) sums[k]! += filters[i * bins + k]! * y[i]!;
    }
    return sums;
  };
  const wanted = transposed(power);
  const bands = new Float64Array(power.length);
  for (let round = 0; round < updates; round++) {
    for (const [i, [from, to]] of stretches.entries()) {
      let sum = 0;
      for (let k = from; k < to; k++) sum += filters[i * bins + k]! * x[k]!;
      bands[i] = sum;
    }
    const current = transposed(bands);
    for (let k = 0; k < bins; k++) x[k]! *= wanted[k]! / (current[k]! + 1e-30);
  }
  return x.map(Math.sqrt);
}
