import { assertKnownOptions } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from '../distances/cosine.js';
import { requireOneOf, requirePaired, requireSameWidth } from '../internal/validate.js';

export interface SemanticSimilarityOptions {
  /**
   * The mean over matched rows, or over the whole matrix (which pulls all of both sets together).
   * @default 'matched'
   */
  over?: 'matched' | 'all';
}

/**
 * Semantic similarity regulariser: the negative mean cosine similarity, -1 at best.
 *
 * `matched`: -mean_i n(a_i) . n(b_i). `all`: -mean_ij n(a_i) . n(b_j).
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m for `matched`
 * @throws CrossmodalError when the shapes do not fit
 * @example
 * const cost = crossModalCost({ crossModal: { nce }, regularisers: { similarity: ({ a, b }) => semanticSimilarity(a, b) } });
 */
export function semanticSimilarity(
  a: Tensor2D,
  b: Tensor2D,
  { over = 'matched', ...others }: SemanticSimilarityOptions = {},
): Scalar {
  assertKnownOptions('semanticSimilarity', others, ['over']);

  requireOneOf('semanticSimilarity', 'over', over, ['matched', 'all']);
  if (over === 'matched') requirePaired('semanticSimilarity', a, b);
  else requireSameWidth('semanticSimilarity', ['a', 'b'], a, b);
  return tf.tidy(() => {
    const matched = () => tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), 1);
    return tf.neg(tf.mean(over === 'matched' ? matched() : cosineSimilarity(a, b))) as Scalar;
  });
}
