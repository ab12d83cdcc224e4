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

/** Spectrograms of some recordings; with `random`, a stretch of up to `timeWidth` frames and some bands are blotted out. */
export function recordingInputs(
  { values, frames, bands }: Recordings,
  indices: readonly number[],
  random?: Random,
  { timeWidth = frames / 6 } = {},
): Inputs {
  const length = frames * bands;
  const batch = new Float32Array(indices.length * length);
  indices.forEach((index, row) => {
    let data = values.subarray(index * length, (index + 1) * length);
    if (random) {
      const augmented = specAugment(
        { data, shape: [frames, bands] },
        { random, frequencyMasks: 1, frequencyWidth: bands / 6, timeMasks: 1, timeWidth, value: 0 },
      );
      data = augmented.data as Float32Array<ArrayBuffer>;
    }
    batch.set(data, row * length);
  });
  return { features: tf.tensor3d(batch, [indices.length, frames, bands]) };
}
