import { withoutGradient } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * y softplus(-l) + (1 - y) softplus(l) = -log of the probability of y, elementwise, right also for logits of plus and minus infinity: a
 * side that weighs nothing costs nothing, where softplus(l) - y l would be infinity minus infinity.
 */
export function binaryCosts(logits: Tensor, targets: Tensor): Tensor {
  return tf.tidy(() => {
    const side = (share: Tensor, cost: Tensor) => {
      const product = tf.mul(share, cost);
      const counts = withoutGradient(() => tf.notEqual(tf.add(share, tf.zerosLike(product)), 0));
      return tf.where(counts, product, tf.zerosLike(product));
    };
    const forOne = side(targets, tf.softplus(tf.neg(logits)));
    return tf.add(forOne, side(tf.sub(1, targets), tf.softplus(logits)));
  });
}
