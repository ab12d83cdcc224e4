import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** How near two embeddings are; larger is nearer. */
export type Similarity = 'cosine' | 'dot' | 'euclidean';

/** Rows of unit length; zero rows stay zero. */
export function unitRows(x: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.div(x, tf.maximum(tf.norm(x, 2, 1, true), 1e-12)));
}

/**
 * Similarities of all pairs: cosine, inner product, or minus the squared Euclidean distance.
 *
 * @param a [n, dim]
 * @param b [m, dim]
 * @returns [n, m]
 */
export function similarityMatrix(a: Tensor2D, b: Tensor2D, similarity: Similarity): Tensor2D {
  return tf.tidy(() => {
    if (similarity === 'cosine') return tf.matMul(unitRows(a), unitRows(b), false, true);
    const products = tf.matMul<Tensor2D>(a, b, false, true);
    if (similarity === 'dot') return products;
    const squaredA = tf.sum(tf.square(a), 1, true);
    const squaredB = tf.reshape(tf.sum(tf.square(b), 1), [1, -1]);
    return tf.sub(tf.mul(products, 2), tf.add(squaredA, squaredB)) as Tensor2D;
  });
}
