import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Samples, Spectrogram } from '../waveform.js';
import { powerToDecibels } from './decibels.js';
import { type MelSpectrogramOptions, melOptionNames, melSpectrogram } from './mel-spectrogram.js';

const mfccOptionNames = { ...melOptionNames, coefficients: true, lifter: true, range: true } as const;

/**
 * Mel-frequency cepstral coefficients: the orthonormal DCT-II, along the bands, of the mel spectrogram in decibels
 * (cut 80 dB below its maximum): c_n = s_n sum_k cos(pi n (2k + 1) / (2 bands)) M_k with s_0 = sqrt(1/bands),
 * s_n = sqrt(2/bands). With a lifter L, c_n is multiplied by 1 + (L/2) sin(pi (n + 1) / L).
 *
 * @param samples amplitudes, [time]
 * @param options those of `melSpectrogram`; `coefficients` kept; `lifter`, 0 for none; `range` in decibels
 * @returns [frames, coefficients]
 * @throws CrossmodalError when more coefficients than bands are asked for, or as `melSpectrogram` does
 * @see Davis and Mermelstein (1980), eq. 1; librosa.feature.mfcc
 * @example
 * const cepstrum = mfcc(samples, { sampleRate: 8000, coefficients: 13 });
 */
export function mfcc(
  samples: Samples,
  {
    coefficients = 13, // HTK, Kaldi
    lifter = 0, // librosa
    range = 80, // librosa, torchaudio
    ...options
  }: MelSpectrogramOptions & {
    /** @default 13 */
    coefficients?: number;
    /** @default 0 */
    lifter?: number;
    /** @default 80 */
    range?: number;
  },
): Spectrogram {
  assertKnownOptions('mfcc', options, mfccOptionNames);

  requireInteger('mfcc: coefficients', coefficients);
  if (!(lifter >= 0)) throw new CrossmodalError(`mfcc: lifter must be 0 or more, got ${lifter}`);
  const decibels = powerToDecibels(melSpectrogram(samples, options), { range });
  const [frames, bands] = decibels.shape;
  if (coefficients > bands) {
    throw new CrossmodalError(`mfcc: coefficients must be at most bands (${bands}), got ${coefficients}`);
  }
  const transform = new Float64Array(coefficients * bands);
  for (let n = 0; n < coefficients; n++) {
    const lift = lifter > 0 ? 1 + (lifter / 2) * Math.sin((Math.PI * (n + 1)) / lifter) : 1;
    const factor = Math.sqrt((n === 0 ? 1 : 2) / bands) * lift;
    for (let k = 0; k < bands; k++) {
      transform[n * bands + k] = factor * Math.cos((Math.PI * n * (2 * k + 1)) / (2 * bands));
    }
  }
  const data = new Float32Array(frames * coefficients);
  for (let t = 0; t < frames; t++) {
    for (let n = 0; n < coefficients; n++) {
      let sum = 0;
      for (let k = 0; k < bands; k++) sum += transform[n * bands + k]! * decibels.data[t * bands + k]!;
      data[t * coefficients + n] = sum;
    }
  }
  return { data, shape: [frames, coefficients] };
}
