import { CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A kernel divided by the estimate of its largest singular value, and the vectors to go on from. */
export interface SpectralNorm<T extends Tensor> {
  normalized: T;
  sigma: Scalar;
  /** [out] and [rest], the singular vectors so far. */
  u: Tensor1D;
  v: Tensor1D;
}

/**
 * Spectral normalisation of one kernel by power iteration, as a function of its own; the layer that networks use is
 * core's `spectralNormalization`.
 *
 * With M = W as [rest, out], repeat v = n(M u), u = n(M^T v), n(x) = x / max(||x||, 1e-12); sigma = v^T M u; W / sigma.
 *
 * @param kernel [..., out], such as [in, out] or [height, width, in, out]
 * @param u [out], the estimate of the singular vector from before, or any non-zero vector
 * @throws CrossmodalError for another length of u, or iterations below one
 * @see Miyato et al., Spectral normalization for generative adversarial networks (2018), algorithm 1
 * @example
 * const { normalized, u } = spectralNorm(kernel, tf.ones([64]), { iterations: 5 });
 */
export function spectralNorm<T extends Tensor>(
  kernel: T,
  u: Tensor1D,
  { iterations = 1 }: { iterations?: number } = {}, // Miyato et al.: one per step is enough
): SpectralNorm<T> {
  const out = kernel.shape.at(-1) ?? 0;
  if (kernel.rank < 2 || u.rank !== 1 || u.shape[0] !== out) {
    throw new CrossmodalError(
      `spectralNorm: kernel must be [..., out] and u [out], got [${kernel.shape}] and [${u.shape}]`,
    );
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new CrossmodalError(`spectralNorm: iterations must be an integer of at least 1, got ${iterations}`);
  }
  return tf.tidy(() => {
    const matrix = tf.reshape(kernel, [-1, out]) as Tensor2D;
    let right = tf.reshape(u, [out, 1]) as Tensor2D;
    let left = right;
    for (let i = 0; i < iterations; i++) {
      left = unit(tf.matMul(matrix, right));
      right = unit(tf.matMul(matrix, left, true));
    }
    const sigma = tf.sum(tf.mul(left, tf.matMul(matrix, right))) as Scalar;
    return {
      normalized: tf.div(kernel, sigma) as T,
      sigma,
      u: tf.reshape(right, [-1]) as Tensor1D,
      v: tf.reshape(left, [-1]) as Tensor1D,
    };
  });
}

function unit(x: Tensor2D): Tensor2D {
  return tf.div(x, tf.maximum(tf.sqrt(tf.sum(tf.square(x))), 1e-12)) as Tensor2D;
}
