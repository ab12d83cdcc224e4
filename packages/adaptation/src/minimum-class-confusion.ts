import { assertKnownOptions, CrossmodalError, requirePositive, stopGradient } from '@crossmodal/core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface MinimumClassConfusionOptions {
  /**
   * Logits are divided by it, so that sure predictions are softened.
   * @default 2.5
   */
  temperature?: number;
}

/**
 * Minimum class confusion: how often a classifier that looks at unlabelled items wavers between two classes.
 *
 * p = softmax(z / T), w_i = B (1 + exp(-H(p_i))) / sum_i' (1 + exp(-H(p_i'))) without gradient, C = p^T diag(w) p, each row of C
 * divided by its sum; L = 1 / classes sum_{j != k} C_jk. 0 when every prediction is sure, (classes - 1) / classes when all are open.
 * The row of a class that no item has at all (a sum below 1e-12) counts 0.
 *
 * @param logits [batch, classes], of the target
 * @throws CrossmodalError when the logits are no matrix, or the temperature is not positive
 * @see Jin et al. (2020), Minimum class confusion for versatile domain adaptation, equations 3-8
 *
 * @example
 * const confusion = minimumClassConfusion(model.classify(drawings, { training: true }));
 */
export function minimumClassConfusion(logits: Tensor2D, options: MinimumClassConfusionOptions = {}): Scalar {
  assertKnownOptions('minimumClassConfusion', options, ['temperature']);
  const { temperature = 2.5 /* the paper, section 4.1 */ } = options;
  if (logits.rank !== 2 || logits.shape[0] < 1)
    throw new CrossmodalError(`minimumClassConfusion: logits must be [batch, classes], got [${logits.shape}]`);
  checkTemperature('minimumClassConfusion', temperature);
  const [rows, classes] = logits.shape;
  return tf.tidy(() => {
    const p = tf.softmax(tf.div(logits, temperature)) as Tensor2D;
    const weights = certainty(p);
    const scaled = tf.mul(p, tf.reshape(tf.mul(tf.div(weights, tf.sum(weights)), rows), [rows, 1])) as Tensor2D;
    const confusion = tf.matMul(scaled, p, true, false);
    const shares = tf.div(confusion, tf.maximum(tf.sum(confusion, 1, true), 1e-12));
    // The row of a class that no item has is empty, not confused: what is on no diagonal is summed, not what the diagonal lacks.
    return tf.div(tf.sum(tf.mul(shares, tf.sub(1, tf.eye(classes)))), classes) as Scalar;
  });
}

/** 1 + exp(-H(p)), without gradient. */
function certainty(p: Tensor2D): Tensor1D {
  const fixed = stopGradient(p);
  // 0 log 0 is 0: the smallest float keeps the logarithm finite.
  const negativeEntropy = tf.sum(tf.mul(fixed, tf.log(tf.maximum(fixed, 1e-30))), 1);
  return tf.add(tf.exp(negativeEntropy), 1) as Tensor1D;
}

/** Refuses a temperature that is not a finite positive number. */
export function checkTemperature(caller: string, temperature: number): void {
  requirePositive(`${caller}: temperature`, temperature);
}
