import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** One step of Adam on `loss` over `variables`; returns the loss. */
export function adamStep(
  loss: (...inputs: Tensor[]) => Scalar,
  variables: Variable[],
  optimizer: tf.Optimizer = tf.train.adam(1e-3),
): (...inputs: Tensor[]) => Scalar {
  return (...inputs) => optimizer.minimize(() => loss(...inputs), true, variables) as Scalar;
}

/** Mean cross entropy of logits [batch, classes] against integer labels [batch]. */
export function crossEntropy(logits: Tensor, labels: Tensor): Scalar {
  const classes = logits.shape[1] as number;
  const target = tf.oneHot(tf.cast(labels, 'int32') as tf.Tensor1D, classes);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), target), 1))) as Scalar;
}

/** Mean binary cross entropy of logits against a constant target (0 or 1), in the form that does not overflow. */
export function binaryCrossEntropy(logits: Tensor, target: 0 | 1): Scalar {
  return tf.mean(tf.softplus(target === 1 ? tf.neg(logits) : logits)) as Scalar;
}
