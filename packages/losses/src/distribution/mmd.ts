import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { identityMask } from '../internal/masks.js';
import { requireOneOf, requireSameWidth, requireThat, shapeOf } from '../internal/validate.js';
import { centredKernel, gaussianKernel, type Kernel } from './kernels.js';

/**
 * - `biased`: all pairs, the diagonal included; never negative (Gretton, eq. 5).
 * - `unbiased`: i != j within a sample; may be negative, 0 in expectation for equal distributions (eq. 3).
 * - `linear-time`: neighbouring rows only; what DAN trains on (PyKale).
 */
export type MmdEstimator = 'biased' | 'unbiased' | 'linear-time';

export interface MmdOptions {
  /** @default gaussianKernel() */
  kernel?: Kernel;
  /** @default 'biased' */
  estimator?: MmdEstimator;
}

/**
 * Squared maximum mean discrepancy between two samples: the distance of their means in the kernel's feature space.
 *
 * MMD^2 = || mean phi(x) - mean phi(y) ||^2 = mean k(x_i, x_j) + mean k(y_i, y_j) - 2 mean k(x_i, y_j).
 *
 * tllib's multi-kernel MMD is the unbiased value plus 2 / (B - 1); PyKale's is `linear-time` with `gaussianKernel({ sigma: 'mean' })`.
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when the widths differ, or a sample is too small for the estimator (unbiased: two rows; linear-time:
 * equally many)
 * @see Gretton et al., 2012, A Kernel Two-Sample Test, eq. 3 and 5, lemma 14; Long et al., 2015, DAN, eq. 6
 * @example
 * const gap = mmd(source, target, { kernel: gaussianKernel({ sigma: [1, 2, 4, 8] }) });
 */
export function mmd(
  x: Tensor2D,
  y: Tensor2D,
  {
    kernel = gaussianKernel(), // one Gaussian, median heuristic
    estimator = 'biased', // never negative, so safe to minimise
    ...others
  }: MmdOptions = {},
): Scalar {
  assertKnownOptions('mmd', others, ['kernel', 'estimator']);

  requireSameWidth('mmd', ['x', 'y'], x, y);
  requireOneOf('mmd', 'estimator', estimator, ['biased', 'unbiased', 'linear-time']);
  return tf.tidy(() => mmdOfKernel(centredKernel(kernel, tf.concat([x, y], 0)), x.shape[0], { estimator }));
}

/**
 * {@link mmd} from a kernel matrix over both samples, for joint kernels: multiply the matrices of several layers (JAN).
 *
 * @param matrix [n + m, n + m], float32, rows of x first
 * @param rows n
 * @throws CrossmodalError when the matrix is not square or a sample is too small for the estimator
 * @see Long et al., 2017, Deep Transfer Learning with Joint Adaptation Networks, eq. 9
 * @example
 * const joint = productKernel(features(tf.concat([xs, xt])), predictions(tf.concat([ps, pt])));
 * const gap = mmdOfKernel(joint, xs.shape[0], { estimator: 'linear-time' });
 */
export function mmdOfKernel(
  matrix: Tensor2D,
  rows: number,
  { estimator = 'biased', ...others }: Pick<MmdOptions, 'estimator'> = {},
): Scalar {
  assertKnownOptions('mmdOfKernel', others, ['estimator']);

  const [n, m] = [rows, matrix.shape[0] - rows];
  requireThat(
    matrix.shape[0] === matrix.shape[1] && n > 0 && m > 0,
    'mmdOfKernel',
    () => `matrix must be square with rows of both samples, got ${shapeOf(matrix)} and ${rows} rows`,
  );
  if (estimator === 'unbiased') {
    requireThat(
      n > 1 && m > 1,
      'mmd',
      () => `the unbiased estimator needs two rows in each sample, got ${n} and ${m}; use estimator biased`,
    );
  }
  if (estimator === 'linear-time') {
    requireThat(n === m, 'mmd', () => `the linear-time estimator needs equally many rows, got ${n} and ${m}`);
  }
  return tf.tidy(() => {
    const xx = tf.slice(matrix, [0, 0], [n, n]);
    const yy = tf.slice(matrix, [n, n], [m, m]);
    const xy = tf.slice(matrix, [0, n], [n, m]);
    if (estimator === 'linear-time') {
      // k(x_i, x_i') + k(y_i, y_i') - k(x_i, y_i') - k(x_i', y_i), with i' the next row
      const mean = (block: Tensor2D, next: Tensor2D) => tf.div(tf.sum(tf.mul(block, next)), n);
      const next = shiftMask(n);
      const across = tf.add(mean(xy, next), mean(xy, tf.transpose(next)));
      return tf.sub(tf.add(mean(xx, next), mean(yy, next)), across) as Scalar;
    }
    const within = (block: Tensor2D) => {
      if (estimator === 'biased') return tf.mean(block);
      const size = block.shape[0];
      return tf.div(tf.sum(tf.mul(block, tf.sub(1, identityMask(size, size)))), size * (size - 1));
    };
    return tf.sub(tf.add(within(xx), within(yy)), tf.mul(2, tf.mean(xy))) as Scalar;
  });
}

/** [n, n] with 1 at (i, i + 1 mod n). */
function shiftMask(n: number): Tensor2D {
  return tf.tidy(() => {
    const identity = identityMask(n, n);
    return tf.concat([tf.slice(identity, [0, n - 1], [n, 1]), tf.slice(identity, [0, 0], [n, n - 1])], 1) as Tensor2D;
  });
}
