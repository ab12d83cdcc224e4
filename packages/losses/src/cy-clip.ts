import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from './distances/cosine.js';
import { requireNumber, requirePaired } from './internal/validate.js';

export interface CyClipOptions {
  /**
   * Weight of the in-modal term: similarities among images equal those among their texts.
   * @default 0.25
   */
  inModal?: number;
  /**
   * Weight of the cross-modal term: image j to text k is as similar as image k to text j.
   * @default 0.25
   */
  crossModal?: number;
}

/**
 * CyCLIP's consistency, to be added to InfoNCE: distances should not depend on the modality they are measured in.
 *
 * L = inModal (1/B) sum_jk [ s(a_j, a_k) - s(b_j, b_k) ]^2 + crossModal (1/B) sum_jk [ s(a_j, b_k) - s(a_k, b_j) ]^2, s = cosine
 * similarity. Divided by B, not B^2, as in the paper. 0 when b is a rotation of a that leaves pairs consistent, as b = a.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Goel et al., 2022, CyCLIP: Cyclic Contrastive Language-Image Pretraining, eq. 4 and 5
 * @example
 * const loss = tf.add(infoNce(a, b), cyClipConsistency(a, b));
 */
export function cyClipConsistency(
  a: Tensor2D,
  b: Tensor2D,
  {
    inModal = 0.25, // the paper's lambda_1
    crossModal = 0.25, // the paper's lambda_2
    ...others
  }: CyClipOptions = {},
): Scalar {
  assertKnownOptions('cyClipConsistency', others, ['inModal', 'crossModal']);

  requirePaired('cyClipConsistency', a, b);
  requireNumber('cyClipConsistency', 'inModal', inModal, { minimum: 0 });
  requireNumber('cyClipConsistency', 'crossModal', crossModal, { minimum: 0 });
  return tf.tidy(() => {
    const perRow = (difference: Tensor2D) => tf.div(tf.sum(tf.square(difference)), a.shape[0]);
    const across = cosineSimilarity(a, b);
    const inModalTerm = perRow(tf.sub(cosineSimilarity(a, a), cosineSimilarity(b, b)));
    const crossModalTerm = perRow(tf.sub(across, tf.transpose(across)));
    return tf.add(tf.mul(inModal, inModalTerm), tf.mul(crossModal, crossModalTerm)) as Scalar;
  });
}
