import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The value of `f` as a constant: nothing inside is recorded for the backward pass. */
export function withoutGradient<T extends Tensor>(f: () => T): T {
  // A custom operation without inputs: no gradient can reach anything through it.
  return tf.customGrad(() => ({ value: f(), gradFunc: () => [] }))() as T;
}
