import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Distance } from './distance-interface.js';

/** d(a, b) = -a . b: the dot product is a similarity, so its negative orders pairs as a distance does. It can be negative. */
export const dotDistance: Distance = {
  pairwise: (a, b) => tf.tidy(() => tf.neg(tf.matMul(a, b, false, true) as Tensor2D)),
  paired: (a, b) => tf.tidy(() => tf.neg(tf.sum(tf.mul(a, b), 1)) as Tensor1D),
};
