import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EXCLUDED, keepWhere } from './masks.js';

/**
 * log sum_j exp(x_j) along one axis, finite for logits of any size: the maximum is taken out first. The gradient is the softmax, made
 * again from the logits; as exp(x - result) it would lose the digits that a large result has no room for.
 */
export function logSumExp<T extends Tensor = Tensor>(x: Tensor, axis: number): T {
  const operation = tf.customGrad((...inputs) => {
    const [logits, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([logits]);
    const value = tf.tidy(() => {
      const { peak, exponentials } = relativeExponentials(logits, axis);
      const sum = tf.sum(exponentials, axis);
      return tf.add(tf.log(sum), tf.reshape(peak, sum.shape));
    });
    const gradFunc = (dy: Tensor, saved: Tensor[]) => scaledSoftmax(saved[0] as Tensor, axis, dy);
    return { value, gradFunc };
  });
  return operation(x) as T;
}

function relativeExponentials(logits: Tensor, axis: number): { peak: Tensor; exponentials: Tensor } {
  const peak = tf.max(logits, axis, true);
  return { peak, exponentials: tf.tidy(() => tf.exp(tf.sub(logits, peak))) };
}

/** The softmax of the logits along an axis, times dy (one number per sum): the gradient of `logSumExp`. */
function scaledSoftmax(logits: Tensor, axis: number, dy: Tensor): Tensor {
  return tf.tidy(() => {
    const { exponentials } = relativeExponentials(logits, axis);
    return tf.mul(exponentials, tf.div(tf.expandDims(dy, axis), tf.sum(exponentials, axis, true)));
  });
}

/** log sum_j mask_ij exp(x_ij) per row; EXCLUDED for a row whose mask is empty. */
export function maskedLogSumExp(x: Tensor2D, mask: Tensor2D): Tensor1D {
  return tf.tidy(() => logSumExp<Tensor1D>(keepWhere(mask, x, EXCLUDED), 1));
}

/** log(exp(x) + exp(y)), elementwise. */
export function logAddExp<T extends Tensor>(x: T, y: T): T {
  return tf.tidy(() => logSumExp<T>(tf.stack([x, y]), 0));
}
