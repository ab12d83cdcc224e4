import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Values that look random and are the same everywhere: the fractional part of a multiple of the golden ratio. */
export function uniform(shape: number[], low = 0, high = 1): Tensor {
  const size = tf.util.sizeFromShape(shape);
  const values = Float32Array.from(
    { length: size },
    (_, i) => low + (high - low) * (((i + 1) * 0.6180339887498949) % 1),
  );
  return tf.tensor(values, shape);
}

/** 0, 1, ..., classes - 1, 0, 1, ... */
export const labels = (batch: number, classes: number): Tensor1D =>
  tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % classes),
    'int32',
  );

/** Token ids below `vocabulary`. */
export const tokens = (batch: number, length: number, vocabulary: number): Tensor2D =>
  tf.tensor2d(
    Int32Array.from({ length: batch * length }, (_, i) => (i * 37 + Math.floor(i / 7)) % vocabulary),
    [batch, length],
    'int32',
  );
