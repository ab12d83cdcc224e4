import { CrossmodalError } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix';

/** A Gaussian with a full covariance matrix C = L L^T, ready to draw from and to evaluate. */
export interface GaussianComponent {
  /** [dimension] */
  mean: Tensor1D;
  /** L, lower triangular: [dimension, dimension]. */
  factor: Tensor2D;
  /** The transposed inverse of L, by which deviations are multiplied: [dimension, dimension]. */
  whitening: Tensor2D;
  /** -sum_i log L_ii: half the logarithm of the determinant of the inverse covariance. */
  logScale: number;
}

/** @throws CrossmodalError for a covariance that is not positive definite */
export function gaussianComponent(
  caller: string,
  mean: readonly number[],
  covariance: readonly (readonly number[])[],
): GaussianComponent {
  // Products of float32 values are symmetric but for the last bits; the decomposition wants them so to the last.
  const values = new Matrix(covariance.map((row) => [...row]));
  const decomposition = new CholeskyDecomposition(Matrix.add(values, values.transpose()).mul(0.5));
  if (!decomposition.isPositiveDefinite()) {
    throw new CrossmodalError(`${caller}: a covariance of the latents is not positive definite`, {
      remedy: 'raise regularisation, or pass more latents than they have dimensions',
    });
  }
  const lower = decomposition.lowerTriangularMatrix;
  const inverse = solve(lower, Matrix.eye(mean.length));
  return {
    mean: tf.tensor1d([...mean]),
    factor: tf.tensor2d(lower.to2DArray()),
    whitening: tf.tensor2d(inverse.transpose().to2DArray()),
    logScale: -lower.diagonal().reduce((sum, value) => sum + Math.log(value), 0),
  };
}

/** log N(z; mean, C) of each row. */
export function logDensityOf({ mean, whitening, logScale }: GaussianComponent, z: Tensor2D): Tensor1D {
  return tf.tidy(() => {
    const whitened = tf.matMul(tf.sub(z, mean) as Tensor2D, whitening);
    const constant = logScale - (mean.size / 2) * Math.log(2 * Math.PI);
    return tf.add(tf.mul(-0.5, tf.sum(tf.square(whitened), 1)), constant) as Tensor1D;
  });
}

/** mean + L noise, row by row. */
export function drawn({ mean, factor }: GaussianComponent, noise: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.add(mean, tf.matMul(noise, factor, false, true)) as Tensor2D);
}

export function disposeComponent({ mean, factor, whitening }: GaussianComponent): void {
  tf.dispose([mean, factor, whitening]);
}
