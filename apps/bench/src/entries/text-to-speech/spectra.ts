import type { SpeechBatch } from '@crossmodal/encoder-decoder';
import { inverseLogMel, logMel, type Spectrogram, type Waveform } from '@crossmodal/encoders-audio';
import * as tf from '@tensorflow/tfjs-core';

const sampleRate = 8000;

/** What is quieter is not learned: the floor of Tacotron 2 (magnitudes of 0.01). */
const offset = 1e-4;

/** Between recordings and log-mel frames of mean 0 and deviation 1. */
export interface Spectra {
  /** The frames of recordings, cut to `maximumFrames`, with how many of each row are real. */
  batch(waveforms: readonly Waveform[]): Pick<SpeechBatch, 'frames' | 'lengths'>;
  /** What frames sound like. */
  sound(frames: Spectrogram): Waveform;
}

/** Mean and deviation are those of all frames of these recordings. */
export function spectraOf(
  train: readonly Waveform[],
  { bands, maximumFrames }: { bands: number; maximumFrames: number },
): Spectra {
  const made = new Map<Waveform, Spectrogram>();
  const spectrumOf = (waveform: Waveform): Spectrogram => {
    const spectrum = made.get(waveform) ?? logMel(waveform.samples, { sampleRate, bands, offset });
    made.set(waveform, spectrum);
    return spectrum;
  };
  let [sum, squares, count] = [0, 0, 0];
  for (const waveform of train) {
    const { data } = spectrumOf(waveform);
    for (const value of data) {
      sum += value;
      squares += value * value;
    }
    count += data.length;
  }
  const mean = sum / count;
  const deviation = Math.sqrt(squares / count - mean ** 2);
  return {
    batch(waveforms) {
      const values = new Float32Array(waveforms.length * maximumFrames * bands);
      const lengths = waveforms.map((waveform, i) => {
        const { data, shape } = spectrumOf(waveform);
        const length = Math.min(maximumFrames, shape[0]);
        for (let k = 0; k < length * bands; k++) values[i * maximumFrames * bands + k] = (data[k]! - mean) / deviation;
        return length;
      });
      return {
        frames: tf.tensor3d(values, [waveforms.length, maximumFrames, bands]),
        lengths: tf.tensor1d(lengths, 'int32'),
      };
    },
    sound({ data, shape }) {
      const features = { data: data.map((value) => value * deviation + mean), shape };
      return { samples: inverseLogMel(features, { sampleRate, bands, offset }), sampleRate };
    },
  };
}
