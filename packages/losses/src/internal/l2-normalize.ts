import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Rows shorter than this count as zero vectors (the epsilon of torch.nn.functional.normalize). */
const SHORTEST = 1e-12;

/**
 * n(x) = x / ||x||_2 along the last axis, and n(x) = 0 with gradient 0 for ||x|| <= 1e-12. (PyTorch divides by max(||x||, 1e-12)
 * there: the value is the same for a zero vector, its gradient of 1e12 times the incoming one is not something to train with.)
 */
export function l2Normalize<T extends Tensor>(x: T): T {
  return tf.tidy(() => {
    const squared = tf.sum(tf.square(x), -1, true);
    const shortest = SHORTEST * SHORTEST;
    const isLonger = tf.step(tf.sub(squared, shortest));
    const inverse = tf.mul(isLonger, tf.rsqrt(tf.maximum(squared, shortest)));
    return tf.mul(x, inverse) as T;
  });
}
