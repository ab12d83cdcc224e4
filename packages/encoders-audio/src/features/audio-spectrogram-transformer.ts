import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { kaldiFilterbank } from '../dsp/kaldi.js';
import type { Samples, Spectrogram } from '../waveform.js';

/**
 * Input features of the Audio Spectrogram Transformer (AST): Kaldi filterbank energies of sound in [-1, 1] at 16 kHz,
 * cut or zero-padded to `frames`, then (v - mean) / (2 standardDeviation).
 *
 * @param samples amplitudes at 16 kHz in [-1, 1], [time]
 * @returns [frames, bands]
 * @throws CrossmodalError when the signal is shorter than 25 ms
 * @see Gong, Chung and Glass (2021), "AST: audio spectrogram transformer", section 2.1
 * @example
 * const features = astFeatures(samples);
 */
export function astFeatures(
  samples: Samples,
  {
    bands = 128, // AST
    frames = 1024, // AST on AudioSet
    mean = -4.2677393, // AudioSet
    standardDeviation = 4.5689974, // AudioSet
    ...others
  }: {
    /** @default 128 */
    bands?: number;
    /** @default 1024 */
    frames?: number;
    /** @default -4.2677393 */
    mean?: number;
    /** @default 4.5689974 */
    standardDeviation?: number;
  } = {},
): Spectrogram {
  assertKnownOptions('astFeatures', others, ['bands', 'frames', 'mean', 'standardDeviation']);

  requireInteger('astFeatures: frames', frames);
  const bank = kaldiFilterbank(samples, { sampleRate: 16000, bands, window: 'hann' });
  const data = new Float32Array(frames * bands);
  data.set(bank.data.subarray(0, data.length));
  return { data: data.map((v) => (v - mean) / (2 * standardDeviation)), shape: [frames, bands] };
}
