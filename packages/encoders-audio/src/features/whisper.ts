import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { melSpectrogram } from '../dsp/mel-spectrogram.js';
import type { Samples, Spectrogram } from '../waveform.js';

/**
 * Input features of Whisper: zero-padded or cut to `seconds` at 16 kHz; mel power spectrogram (400 points every 160,
 * Slaney mels up to 8 kHz) without its last frame; log10(max(., 1e-10)), nothing lower than the maximum - 8, (. + 4) / 4.
 *
 * @param samples amplitudes at 16 kHz, [time]
 * @param options.bands 80, or 128 from large-v3 on
 * @returns [100 seconds, bands], time-major; Whisper itself takes the transpose
 * @throws CrossmodalError when an option is out of range
 * @see Radford et al. (2022), "Robust speech recognition via large-scale weak supervision", section 2.2
 * @example
 * const features = whisperFeatures(samples, { seconds: 30 });
 */
export function whisperFeatures(
  samples: Samples,
  {
    bands = 80, // all models before large-v3
    seconds = 30, // all models
    ...others
  }: {
    /** @default 80 */
    bands?: number;
    /** @default 30 */

    seconds?: number;
  } = {},
): Spectrogram {
  assertKnownOptions('whisperFeatures', others, ['bands', 'seconds']);

  requireInteger('whisperFeatures: bands', bands);
  requireInteger('whisperFeatures: seconds', seconds);
  const padded = new Float32Array(16000 * seconds);
  for (let n = 0; n < Math.min(padded.length, samples.length); n++) padded[n] = samples[n]!;
  const mel = melSpectrogram(padded, {
    sampleRate: 16000,
    fftSize: 400,
    hopLength: 160,
    bands,
    maximumFrequency: 8000,
  });
  const frames = mel.shape[0] - 1;
  const data = mel.data.slice(0, frames * bands).map((v) => Math.log10(Math.max(v, 1e-10)));
  const largest = data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return { data: data.map((v) => (Math.max(v, largest - 8) + 4) / 4), shape: [frames, bands] };
}
