import type { Encoder, Inputs, Random } from '@crossmodal/core';
import { type AudioItem, specAugment } from '@crossmodal/encoders-audio';
import * as tf from '@tensorflow/tfjs-core';

/** Spectrograms of many recordings in memory: [count, frames, bands]. */
export interface Recordings {
  values: Float32Array;
  count: number;
  frames: number;
  bands: number;
}

/** Log-mel spectrograms of sounds, computed once, as the encoder prepares them. */
export async function readRecordings(encoder: Encoder<AudioItem>, sounds: readonly AudioItem[]): Promise<Recordings> {
  const parts: Float32Array[] = [];
  let [frames, bands] = [0, 0];
  for (let start = 0; start < sounds.length; start += 256) {
    const { features } = await encoder.prepare(sounds.slice(start, start + 256));
    [, frames, bands] = features!.shape as [number, number, number];
    parts.push((await features!.data()) as Float32Array);
    tf.dispose(features!);
  }
  const values = new Float32Array(sounds.length * frames * bands);
  let offset = 0;
  for (const part of parts) {
    values.set(part, offset);
    offset += part.length;
  }
  return { values, count: sounds.length, frames, bands };
}

/**
 * Spectrograms of some recordings; with `random`, each is moved by up to `shift` frames, and a stretch of up to `timeWidth` frames and some
 * bands are blotted out.
 */
export function recordingInputs(
  { values, frames, bands }: Recordings,
  indices: readonly number[],
  random?: Random,
  { timeWidth = frames / 6, shift = 0 } = {},
): Inputs {
  const length = frames * bands;
  const batch = new Float32Array(indices.length * length);
  indices.forEach((index, row) => {
    let data = values.subarray(index * length, (index + 1) * length);
    if (random) {
      const augmented = specAugment(
        { data: shift > 0 ? moved(data, bands, random.integer(2 * shift + 1) - shift) : data, shape: [frames, bands] },
        { random, frequencyMasks: 1, frequencyWidth: bands / 6, timeMasks: 1, timeWidth, value: 0 },
      );
      data = augmented.data as Float32Array<ArrayBuffer>;
    }
    batch.set(data, row * length);
  });
  return { features: tf.tensor3d(batch, [indices.length, frames, bands]) };
}

/** The frames of a spectrogram, so many places later; where there is none, its quietest value. */
function moved(values: Float32Array, bands: number, by: number): Float32Array {
  const result = new Float32Array(values.length).fill(values.reduce((low, value) => Math.min(low, value)));
  const start = by * bands;
  result.set(start < 0 ? values.subarray(-start) : values.subarray(0, values.length - start), Math.max(0, start));
  return result;
}
