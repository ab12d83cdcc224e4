import type { BytePixels } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { MovingDigit } from '../../data/moving-digits.js';

/** Grey clips with values from 0 to 1; the frames of a pixel lie side by side: [count, size * size * frames]. */
export class ClipValues {
  readonly values: Float32Array;
  readonly count: number;
  readonly size: number;
  readonly frames: number;

  constructor(values: Float32Array, { size, frames }: { size: number; frames: number }) {
    this.values = values;
    this.size = size;
    this.frames = frames;
    this.count = values.length / (size * size * frames);
  }

  static of(clips: readonly MovingDigit[]): ClipValues {
    const frames = clips[0]!.frames.length;
    const size = clips[0]!.frames[0]!.shape[0];
    const pixels = size * size;
    const values = new Float32Array(clips.length * pixels * frames);
    for (const [i, clip] of clips.entries()) {
      for (const [t, { data }] of clip.frames.entries()) {
        for (let k = 0; k < pixels; k++) values[(i * pixels + k) * frames + t] = data[k]! / 255;
      }
    }
    return new ClipValues(values, { size, frames });
  }

  /** Some clips as a tensor [clips, ...shape]. */
  rows(indices: readonly number[], shape: number[]): tf.Tensor {
    const length = this.size * this.size * this.frames;
    const batch = new Float32Array(indices.length * length);
    for (const [row, index] of indices.entries()) {
      batch.set(this.values.subarray(index * length, (index + 1) * length), row * length);
    }
    return tf.tensor(batch, [indices.length, ...shape]);
  }

  /** The frames of a clip as pictures. */
  pictures(index: number): BytePixels[] {
    const pixels = this.size * this.size;
    return Array.from({ length: this.frames }, (_, t) => ({
      data: Uint8Array.from(
        { length: pixels },
        (_, k) => 255 * Math.min(1, Math.max(0, this.values[(index * pixels + k) * this.frames + t]!)),
      ),
      shape: [this.size, this.size, 1],
    }));
  }
}
