import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Squares below this count as zero: the root's gradient 1 / (2 sqrt(x)) would only amplify rounding there. */
const TINY = 1e-30;

/** sqrt(x) for x >= 0, with value and gradient 0 at 0, where the plain root has an infinite gradient. */
export function safeSqrt<T extends Tensor>(x: T): T {
  return tf.tidy(() => {
    const positive = tf.step(tf.sub(x, TINY)); // 1 above TINY; its gradient is zero
    return tf.mul(positive, tf.sqrt(tf.maximum(x, TINY))) as T;
  });
}
