import { CrossmodalError } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import { pairwiseDistance } from '@crossmodal/losses';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** How near two embeddings are; larger is nearer. */
export type Similarity = 'cosine' | 'dot' | 'euclidean';

const similarities: readonly Similarity[] = ['cosine', 'dot', 'euclidean'];

/** Refuses names that do not exist, which would otherwise count as another. */
export function requireSimilarity(where: string, similarity: Similarity): void {
  if (similarities.includes(similarity)) return;
  throw new CrossmodalError(
    `${where}: similarity must be one of ${similarities.join(', ')}, got ${String(similarity)}`,
  );
}

/**
 * Similarities of all pairs: cosine, inner product, or minus the squared Euclidean distance.
 *
 * @param a [n, dim]
 * @param b [m, dim]
 * @returns [n, m]
 */
export function similarityMatrix(a: Tensor2D, b: Tensor2D, similarity: Similarity): Tensor2D {
  requireSimilarity('similarityMatrix', similarity);
  return tf.tidy(() => {
    if (similarity === 'cosine') {
      return tf.clipByValue(tf.matMul<Tensor2D>(l2Normalize(a), l2Normalize(b), false, true), -1, 1);
    }
    if (similarity === 'dot') return tf.matMul<Tensor2D>(a, b, false, true);
    return tf.neg(pairwiseDistance(a, b, { distance: 'squared-euclidean' })) as Tensor2D;
  });
}
