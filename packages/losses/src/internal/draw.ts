import { Random, randomNormal, randomUniform } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Where random numbers come from. */
export interface DrawOptions {
  /** The same seed gives the same numbers at every call, and at every replay of a compiled step. */
  seed?: number;
  /** A generator of core instead: fresh numbers at every call and every replay, reproducible by its own seed. */
  random?: Random;
}

/** Standard normal numbers. */
export function drawNormal(shape: number[], { seed = 0, random }: DrawOptions): Tensor {
  if (random) return randomNormal(shape, { random });
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  new Random(seed).fillNormal(values);
  return tf.tensor(values, shape);
}

/** Uniform numbers in [0, 1). */
export function drawUniform(shape: number[], { seed = 0, random }: DrawOptions): Tensor {
  if (random) return randomUniform(shape, { random });
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  new Random(seed).fillUniform(values);
  return tf.tensor(values, shape);
}
