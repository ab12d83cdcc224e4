import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

// TEMPORARY until the losses package has its ELBO family.
const logTwoPi = Math.log(2 * Math.PI);

function rowSum(x: Tensor): Tensor1D {
  return tf.sum(tf.reshape(x, [x.shape[0] as number, -1]), 1) as Tensor1D;
}

/** sum_d 1/2 (exp(logVariance) + mean^2 - 1 - logVariance), per row. */
export function klStandardNormal(mean: Tensor, logVariance: Tensor): Tensor1D {
  return tf.tidy(() =>
    rowSum(tf.mul(0.5, tf.sub(tf.sub(tf.add(tf.exp(logVariance), tf.square(mean)), 1), logVariance))),
  );
}

/** KL(N(mean, exp(logVariance)) || N(otherMean, exp(otherLogVariance))), per row. */
export function klGaussians(mean: Tensor, logVariance: Tensor, otherMean: Tensor, otherLogVariance: Tensor): Tensor1D {
  return tf.tidy(() => {
    const ratio = tf.exp(tf.sub(logVariance, otherLogVariance));
    const distance = tf.mul(tf.square(tf.sub(mean, otherMean)), tf.exp(tf.neg(otherLogVariance)));
    const difference = tf.sub(otherLogVariance, logVariance);
    return rowSum(tf.mul(0.5, tf.sub(tf.add(tf.add(difference, ratio), distance), 1)));
  });
}

/** sum_d x l - softplus(l), per row. */
export function bernoulliLogLikelihood(logits: Tensor, values: Tensor): Tensor1D {
  return tf.tidy(() => {
    const stable = tf.add(tf.relu(logits), tf.neg(tf.log(tf.sigmoid(tf.abs(logits)))));
    return rowSum(tf.sub(tf.mul(values, logits), stable));
  });
}

/** sum_d -1/2 (log 2 pi + logVariance + (x - mean)^2 / exp(logVariance)), per row. */
export function gaussianLogLikelihood(mean: Tensor, logVariance: Tensor | number, values: Tensor): Tensor1D {
  return tf.tidy(() => {
    const squares = tf.mul(tf.square(tf.sub(values, mean)), tf.exp(tf.neg(logVariance)));
    return rowSum(tf.mul(-0.5, tf.add(tf.add(squares, logVariance), logTwoPi)));
  });
}
