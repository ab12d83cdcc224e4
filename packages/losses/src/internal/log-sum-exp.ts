import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EXCLUDED, keepWhere } from './masks.js';

/**
 * log sum_j exp(x_j) along one axis, finite for logits of any size: the maximum is taken out first. The gradient is the
 * softmax, made from the input and the result alone.
 */
export function logSumExp<T extends Tensor = Tensor>(x: Tensor, axis: number): T {
  const operation = tf.customGrad((...inputs) => {
    const [logits, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    const value = tf.tidy(() => {
      const peak = tf.max(logits, axis, true);
      const sum = tf.sum(
        tf.tidy(() => tf.exp(tf.sub(logits, peak))),
        axis,
      );
      return tf.add(tf.log(sum), tf.reshape(peak, sum.shape));
    });
    save([logits, value]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [input, output] = saved as [Tensor, Tensor];
      return tf.mul(tf.expandDims(dy, axis), tf.exp(tf.sub(input, tf.expandDims(output, axis))));
    };
    return { value, gradFunc };
  });
  return operation(x) as T;
}

/** log sum_j mask_ij exp(x_ij) per row; EXCLUDED for a row whose mask is empty. */
export function maskedLogSumExp(x: Tensor2D, mask: Tensor2D): Tensor1D {
  return tf.tidy(() => logSumExp<Tensor1D>(keepWhere(mask, x, EXCLUDED), 1));
}

/** log(exp(x) + exp(y)), elementwise. */
export function logAddExp<T extends Tensor>(x: T, y: T): T {
  return tf.tidy(() => logSumExp<T>(tf.stack([x, y]), 0));
}
