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

/** Reads wav files and computes their log-mel spectrograms once, as the encoder prepares them. */
export async function readRecordings(encoder: Encoder<AudioItem>, files: readonly string[]): Promise<Recordings> {
  const parts: Float32Array[] = [];
  let [frames, bands] = [0, 0];
  for (let start = 0; start < files.length; start += 256) {
    const { features } = await encoder.prepare(files.slice(start, start + 256));
    [, frames, bands] = features!.shape as [number, number, number];
    parts.push((await features!.data()) as Float32Array);
    tf.dispose(features!);
  }
  const values = new Float32Array(files.length * frames * bands);
  let offset = 0;
  for (const part of parts) {
    values.set(part, offset);
    offset += part.length;
  }
  return { values, count: files.length, frames, bands };
}

/** Spectrograms of some recordings; with `random`, stretches of time and bands are blotted out. */
export function recordingInputs(
  { values, frames, bands }: Recordings,
  indices: readonly number[],
  random?: Random,
): Inputs {
  const length = frames * bands;
  const batch = new Float32Array(indices.length * length);
  indices.forEach((index, row) => {
    let data = values.subarray(index * length, (index + 1) * length);
    if (random) {
      const augmented = specAugment(
        { data, shape: [frames, bands] },
        { random, frequencyMasks: 1, frequencyWidth: bands / 6, timeMasks: 1, timeWidth: frames / 6, value: 0 },
      );
      data = augmented.data as Float32Array<ArrayBuffer>;
    }
    batch.set(data, row * length);
  });
  return { features: tf.tensor3d(batch, [indices.length, frames, bands]) };
}
