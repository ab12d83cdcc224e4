import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { maskedLogSumExp } from '../internal/log-sum-exp.js';
import { requireMatrix, requireNumber } from '../internal/validate.js';
import { type Pairs, requirePairs } from '../pairs/pairs.js';

export interface SoftNegativeWeightsOptions {
  /**
   * 0 weights all negatives alike; the larger, the more the nearest ones count.
   * @default 1
   */
  beta?: number;
}

/**
 * Soft hard-negative mining: every negative stays, weighted by its similarity, w_ij = exp(beta s_ij) / mean_{k in N_i}
 * exp(beta s_ik), so that the negatives of a row keep their total weight. Positives and ignored pairs get 1. No gradient.
 *
 * @param similarities [n, m], for instance `cosineSimilarity(a, b)`
 * @param pairs masks [n, m]
 * @returns [n, m], for the `weights` of {@link infoNce}
 * @throws CrossmodalError when the shapes differ
 * @see Robinson et al., 2021, Contrastive Learning with Hard Negative Samples, eq. 4
 * @example
 * const weights = softNegativeWeights(cosineSimilarity(a, b), pairsByIndex(a.shape[0]), { beta: 2 });
 * const loss = infoNce(a, b, { weights });
 */
export function softNegativeWeights(
  similarities: Tensor2D,
  pairs: Pairs,
  { beta = 1, ...others }: SoftNegativeWeightsOptions = {}, // the paper tries 0.5 to 2
): Tensor2D {
  assertKnownOptions('softNegativeWeights', others, ['beta']);

  const where = 'softNegativeWeights';
  requireMatrix(where, 'similarities', similarities);
  requirePairs(where, pairs, similarities.shape[0], similarities.shape[1]);
  requireNumber(where, 'beta', beta, { minimum: 0 });
  return tf.tidy(() => {
    const logits = tf.mul(beta, stopGradient(similarities)) as Tensor2D;
    const count = tf.maximum(tf.sum(pairs.negative, 1), 1);
    const logMean = tf.sub(maskedLogSumExp(logits, pairs.negative), tf.log(count));
    const logWeight = tf.mul(pairs.negative, tf.sub(logits, tf.expandDims(logMean, 1)));
    return tf.exp(logWeight) as Tensor2D; // 1 outside the negatives
  });
}
