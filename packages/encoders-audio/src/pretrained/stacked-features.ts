import type { Inputs } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Spectrogram } from '../waveform.js';

/** Spectrograms of one shape as `features` [batch, frames, bands]. */
export function stackedFeatures(spectrograms: readonly Spectrogram[]): Inputs {
  const [frames, bands] = spectrograms[0]!.shape;
  const size = frames * bands;
  const data = new Float32Array(spectrograms.length * size);
  spectrograms.forEach((spectrogram, i) => {
    data.set(spectrogram.data, i * size);
  });
  return { features: tf.tensor3d(data, [spectrograms.length, frames, bands]) };
}
