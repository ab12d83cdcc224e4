import { CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * How open the predictions of unlabelled items are, and how evenly they use the classes, in nats.
 *
 * `entropy` = 1/n sum_i H(p_i), low when predictions are sure; `information` = H(1/n sum_i p_i) - 1/n sum_i H(p_i), the mutual
 * information of item and prediction: it is also low when all items get one class, which `entropy` takes for success.
 *
 * @param logits [items, classes], of the target
 * @throws CrossmodalError when there is no item
 * @see Morerio et al. (2018), Minimal-entropy correlation alignment, section 3.2, for the choice by entropy; Shi and Sha (2012),
 *   Information-theoretical learning of discriminative clusters, equation 6
 *
 * @example
 * const { information } = predictionEntropy(model.classify(drawings));
 */
export function predictionEntropy(logits: Tensor2D): { entropy: Scalar; information: Scalar } {
  if (logits.rank !== 2 || logits.shape[0] < 1)
    throw new CrossmodalError(`predictionEntropy: logits must be [items, classes], got [${logits.shape}]`);
  return tf.tidy(() => {
    const p = tf.softmax(logits) as Tensor2D;
    const entropy = tf.neg(tf.mean(tf.sum(tf.mul(p, tf.logSoftmax(logits)), 1))) as Scalar;
    const share = tf.mean(p, 0);
    const ofMean = tf.neg(tf.sum(tf.mul(share, tf.log(tf.maximum(share, 1e-30)))));
    return { entropy, information: tf.sub(ofMean, entropy) as Scalar };
  });
}
