import type { GradSaveFunc, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Half of float32's range and a little more: twice as much is infinite, half of every finite number is less. */
const MOST = 1.8e38;

/**
 * y softplus(-l) + (1 - y) softplus(l) = -log of the probability of y, elementwise, right also for logits of plus and minus infinity: a
 * side that weighs nothing costs nothing. Computed as max(l, 0) - y l + softplus(-|l|), its first two terms of halves within float32, for
 * infinity minus infinity would be no number. The gradients sigmoid(l) - y and -l are written down: what automatic differentiation makes
 * of the terms takes three times as many operators, on what is often the largest tensor of a step.
 */
export function binaryCosts(logits: Tensor, targets: Tensor): Tensor {
  return tf.tidy(() => {
    const shape = tf.backend_util.assertAndGetBroadcastShape(logits.shape, targets.shape);
    return costsOf(tf.broadcastTo(logits, shape), tf.broadcastTo(targets, shape));
  });
}

const costsOf = tf.customGrad((logits, targets, save) => {
  (save as GradSaveFunc)([logits as Tensor, targets as Tensor]);
  const half = tf.clipByValue(tf.mul(logits as Tensor, 0.5), -MOST, MOST);
  const hard = tf.mul(tf.sub(tf.relu(half), tf.mul(targets as Tensor, half)), 2);
  const value = tf.add(hard, tf.softplus(tf.neg(tf.abs(logits as Tensor))));
  const gradFunc = (upstream: Tensor, [l, y]: Tensor[]) => [
    tf.mul(upstream, tf.sub(tf.sigmoid(l!), y!)),
    tf.neg(tf.mul(upstream, l!)),
  ];
  return { value, gradFunc };
});
