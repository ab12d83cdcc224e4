import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean over all rows, or the sum of each domain's mean. They differ by a factor of 2 when the domains have equally many
 * rows; re-implementations of DANN use either.
 */
export type DomainReduction = 'concatenated' | 'two-means';

/**
 * Cross entropy of the domain: source rows belong to class 0, target rows to class 1.
 *
 * @param source [source rows, 2] logits
 * @param target [target rows, 2] logits
 */
export function domainCrossEntropy(source: Tensor2D, target: Tensor2D, reduction: DomainReduction): Scalar {
  return tf.tidy(() => {
    const ofSource = tf.zeros([source.shape[0]], 'int32');
    const ofTarget = tf.ones([target.shape[0]], 'int32');
    if (reduction === 'two-means')
      return tf.add(crossEntropy(source, ofSource), crossEntropy(target, ofTarget)) as Scalar;
    return crossEntropy(tf.concat([source, target], 0), tf.concat([ofSource, ofTarget], 0));
  });
}

/** Share of rows whose domain the classifier names rightly; 0.5 means that it cannot tell. No gradient. */
export function domainAccuracy(source: Tensor2D, target: Tensor2D): Scalar {
  return tf.tidy(() => {
    const right = (logits: Tensor2D, domain: 0 | 1) =>
      tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), domain), 'float32'));
    return tf.div(tf.add(right(source, 0), right(target, 1)), source.shape[0] + target.shape[0]) as Scalar;
  });
}
