import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { powerToDecibels } from '../dsp/decibels.js';
import { melSpectrogram } from '../dsp/mel-spectrogram.js';
import type { Samples, Spectrogram } from '../waveform.js';

/**
 * Input features of CLAP without fusion: the clip repeated as often as it fits, then zeros, up to `seconds` at 48 kHz
 * (a longer clip is cut); 64 Slaney mels from 50 to 14,000 Hz (1024 points every 480), in decibels without a floor
 * relative to the maximum.
 *
 * @param samples amplitudes at 48 kHz, [time], not empty
 * @returns [1 + 100 seconds, 64]
 * @throws CrossmodalError when the clip is empty
 * @see Wu et al. (2023), "Large-scale contrastive language-audio pretraining with feature fusion", section 3
 * @example
 * const features = clapFeatures(samples, { seconds: 10 });
 */
export function clapFeatures(
  samples: Samples,
  {
    seconds = 10, // the published checkpoints
    minimumFrequency = 50, // the published checkpoints
    maximumFrequency = 14000, // the published checkpoints
    ...others
  }: {
    /** @default 10 */
    seconds?: number;
    /** @default 50 */
    minimumFrequency?: number;
    /** @default 14000 */
    maximumFrequency?: number;
  } = {},
): Spectrogram {
  assertKnownOptions('clapFeatures', others, ['seconds', 'minimumFrequency', 'maximumFrequency']);

  requireInteger('clapFeatures: number of samples', samples.length);
  const length = 48000 * seconds;
  const filled = new Float32Array(length);
  const repeated = Math.max(1, Math.floor(length / samples.length)) * samples.length;
  for (let n = 0; n < Math.min(length, repeated); n++) filled[n] = samples[n % samples.length]!;
  const mel = melSpectrogram(filled, {
    sampleRate: 48000,
    fftSize: 1024,
    hopLength: 480,
    bands: 64,
    minimumFrequency,
    maximumFrequency,
  });
  return powerToDecibels(mel, { range: Number.POSITIVE_INFINITY });
}
