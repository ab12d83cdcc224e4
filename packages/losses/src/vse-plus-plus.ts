import { assertKnownOptions } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from './distances/cosine.js';
import { hinges } from './internal/hinges.js';
import { requireNumber, requirePaired } from './internal/validate.js';
import { type Pairs, resolvePairs } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface VsePlusPlusOptions<R extends Reduction = 'sum'> {
  /** @default 0.2 */
  margin?: number;
  /**
   * Only the hardest negative of each row and column counts (VSE++), or all (the older sum of hinges, VSE0).
   * @default true
   */
  hardest?: boolean;
  /** Only the negatives are used: take out rows that describe the same item. a_i and b_i always belong together. */
  pairs?: Pairs;
  /** @default 'sum' as R */
  reduction?: R;
}

/**
 * VSE++: the hinge over the hardest negative in the batch, in both directions.
 *
 * L = sum_i max_{j != i} [ margin + s(a_i, b_j) - s(a_i, b_i) ]_+  +  sum_i max_{j != i} [ margin + s(a_j, b_i) - s(a_i, b_i) ]_+
 * with s = cosine similarity. The default reduction is the sum over the batch, as in the authors' code.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Faghri et al., 2018, VSE++: Improving Visual-Semantic Embeddings with Hard Negatives, eq. 5 and 6
 * @example
 * const loss = vsePlusPlus(images, captions, { margin: 0.2, reduction: 'mean' });
 */
export function vsePlusPlus<R extends Reduction = 'sum'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    margin = 0.2, // the paper
    hardest = true,
    pairs,
    reduction = 'sum' as R, // the authors' code
    ...others
  }: VsePlusPlusOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('vsePlusPlus', others, ['margin', 'hardest', 'pairs', 'reduction']);

  requirePaired('vsePlusPlus', a, b);
  requireNumber('vsePlusPlus', 'margin', margin);
  return tf.tidy(() => {
    const similarities = cosineSimilarity(a, b);
    const { negative } = resolvePairs('vsePlusPlus', pairs, a.shape[0], b.shape[0]);
    const matched = tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), 1) as Tensor1D; // s(a_i, b_i)
    const losses = tf.add(
      hinges(similarities, matched, negative, { margin, hardest }),
      hinges(tf.transpose(similarities), matched, tf.transpose(negative), { margin, hardest }),
    );
    return reduceLosses(losses, { reduction });
  });
}
