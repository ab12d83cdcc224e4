import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The same values with gradient zero. */
export function stopGradient<T extends Tensor>(x: T): T {
  return tf.customGrad((input) => ({
    value: tf.clone(input as Tensor),
    gradFunc: (dy) => tf.zerosLike(dy),
  }))(x) as T;
}
