import { defineEncoder, type Encoder, Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Standard normal values, the same for the same seed. */
export function seededMatrix(rows: number, columns: number, seed: number): Tensor2D {
  const values = new Float32Array(rows * columns);
  new Random(seed).fillNormal(values);
  return tf.tensor2d(values, [rows, columns]);
}

/** A small network over feature vectors, as an encoder. */
export function featureEncoder(
  modality: string,
  features: number,
  dimension: number,
  seed: number,
): Encoder<readonly number[]> {
  const input = tfl.input({ shape: [features] });
  const dense = (units: number, offset: number, activation?: 'tanh') =>
    tfl.layers.dense({
      units,
      ...(activation ? { activation } : {}),
      kernelInitializer: tfl.initializers.glorotUniform({ seed: seed + offset }),
    });
  const hidden = dense(24, 0, 'tanh').apply(input);
  const output = dense(dimension, 1).apply(hidden) as tfl.SymbolicTensor;
  return defineEncoder<readonly number[]>({
    modality,
    model: tfl.model({ inputs: input, outputs: output }),
    inputs: ['features'],
    prepare: async (items) => ({ features: tf.tensor2d(items.map((item) => [...item])) }),
  });
}

/**
 * Items that two or more modalities see differently: each view is a fixed nonlinear map of a hidden vector, plus noise.
 * Which view belongs to which item cannot be told from one modality alone.
 */
export function views(
  count: number,
  {
    seed,
    hidden = 6,
    sizes = [10, 14],
    noise = 0.05,
  }: { seed: number; hidden?: number; sizes?: number[]; noise?: number },
): Tensor2D[] {
  return tf.tidy(() => {
    const latent = seededMatrix(count, hidden, seed);
    return sizes.map((size, i) => {
      const map = seededMatrix(hidden, size, 1000 + i); // the same for all seeds
      const clean = tf.tanh(tf.mul(tf.matMul(latent, map), 0.6));
      return tf.add(clean, tf.mul(seededMatrix(count, size, seed * 10 + i + 1), noise)) as Tensor2D;
    });
  });
}
