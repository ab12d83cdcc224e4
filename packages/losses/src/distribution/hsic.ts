import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireMatrix, requireOneOf, requireThat } from '../internal/validate.js';
import { centredKernel, gaussianKernel, type Kernel } from './kernels.js';

export interface HsicOptions {
  /** @default gaussianKernel() */
  kernelX?: Kernel;
  /** @default gaussianKernel() */
  kernelY?: Kernel;
  /**
   * The trace is divided by n^2 (PyKale) or (n - 1)^2 (Gretton).
   * @default 'n-1'
   */
  normaliser?: 'n' | 'n-1';
}

/**
 * Hilbert-Schmidt independence criterion: how much two views of the same n items depend on each other; 0 when one is constant.
 *
 * HSIC = trace(K H L H) / (n - 1)^2, H = I - 1/n, the biased estimator. One row: 0.
 *
 * @param x [n, dimX], float32
 * @param y [n, dimY], float32
 * @throws CrossmodalError when the numbers of rows differ
 * @see Gretton et al., 2005, Measuring Statistical Dependence with Hilbert-Schmidt Norms, definition 2
 * @example
 * const dependence = hsic(features, domains, { kernelX: gaussianKernel({ sigma: 5 }), kernelY: linearKernel() });
 */
export function hsic(
  x: Tensor2D,
  y: Tensor2D,
  {
    kernelX = gaussianKernel(), // median heuristic, as in MMD
    kernelY = gaussianKernel(),
    normaliser = 'n-1', // Gretton et al.
    ...others
  }: HsicOptions = {},
): Scalar {
  assertKnownOptions('hsic', others, ['kernelX', 'kernelY', 'normaliser']);

  requireSameRows('hsic', x, y);
  requireOneOf('hsic', 'normaliser', normaliser, ['n', 'n-1']);
  return tf.tidy(() => {
    const rows = x.shape[0];
    const divisor = normaliser === 'n' ? rows : Math.max(rows - 1, 1);
    const trace = tf.sum(tf.mul(doublyCentred(centredKernel(kernelX, x)), doublyCentred(centredKernel(kernelY, y)))); // = trace(K H L H)
    return tf.div(trace, divisor * divisor) as Scalar;
  });
}

export function requireSameRows(where: string, x: Tensor2D, y: Tensor2D): void {
  requireMatrix(where, 'x', x);
  requireMatrix(where, 'y', y);
  requireThat(
    x.shape[0] === y.shape[0],
    where,
    () => `x and y must have equally many rows, got ${x.shape[0]} and ${y.shape[0]}`,
  );
}

/** H K H: rows and columns with mean zero. Centring both sides keeps rounding small. */
export function doublyCentred(k: Tensor2D): Tensor2D {
  return tf.tidy(() => {
    const rows = tf.sub(k, tf.mean(k, 0, true));
    return tf.sub(rows, tf.mean(rows, 1, true)) as Tensor2D;
  });
}
