import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { layerSeeds } from '../layer-seeds.js';

export type Initializer = ReturnType<typeof tfl.initializers.zeros>;
export type WeightMaker = (
  name: string,
  shape: number[],
  initializer: Initializer,
  trainable?: boolean,
) => tfl.LayerVariable;

/** Initialisers that follow from one seed: each weight its own, by name. */
export function seededInitializers(seed: number): {
  glorotUniform(name: string): Initializer;
  normal(name: string, stddev: number): Initializer;
} {
  const seedOf = layerSeeds('layer', seed);
  return {
    glorotUniform: (name) => tfl.initializers.glorotUniform({ seed: seedOf(name) }),
    normal: (name, stddev) => tfl.initializers.randomNormal({ mean: 0, stddev, seed: seedOf(name) }),
  };
}

/**
 * x W + b over the last axis, for any rank: [..., in] with W [in, out].
 */
export function linear(x: Tensor, kernel: Tensor, bias?: Tensor | undefined): Tensor {
  const [inputs, outputs] = kernel.shape as [number, number];
  const flat = tf.matMul(tf.reshape(x, [-1, inputs]) as tf.Tensor2D, kernel as tf.Tensor2D);
  return tf.reshape(bias ? tf.add(flat, bias) : flat, [...x.shape.slice(0, -1), outputs]);
}

/**
 * Layer normalisation over the last axis: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
 *
 * @see Ba, Kiros, Hinton: Layer normalization (2016), equation 4
 */
export function layerNormalize(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Tensor {
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
  });
}
