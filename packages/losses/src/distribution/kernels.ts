import { assertKnownOptions, requireInteger, withoutGradient } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { squaredEuclideanDistance } from '../distances/euclidean.js';
import { identityMask } from '../internal/masks.js';
import { requireNumber, requireThat } from '../internal/validate.js';

/**
 * A kernel over one set of rows: [n, dim] to the matrix [n, n] of k(z_i, z_j). It sees the whole set (for MMD both samples, one
 * below the other), so that its bandwidth can depend on the data. Kernels multiply and add as functions.
 */
export type Kernel = (z: Tensor2D) => Tensor2D;

/** The kernels whose centred matrix does not depend on the origin of z. */
const linearKernels = new WeakSet<Kernel>();

/** k(x, y) = x . y; MMD then compares means only. */
export function linearKernel(): Kernel {
  const kernel: Kernel = (z) => tf.tidy(() => tf.matMul(z, z, false, true) as Tensor2D);
  linearKernels.add(kernel);
  return kernel;
}

/**
 * The matrix of a kernel for a statistic that centres it (MMD, HSIC, CKA). A linear kernel sees z without its mean: the statistic is the
 * same, but far from the origin the products would be so large that their rounding exceeds it.
 */
export function centredKernel(kernel: Kernel, z: Tensor2D): Tensor2D {
  requireThat(
    typeof kernel === 'function',
    'kernel',
    () =>
      `must be a function such as gaussianKernel(), linearKernel() or polynomialKernel(), got ${typeof kernel === 'string' ? `'${kernel}'` : typeof kernel}`,
  );
  if (!linearKernels.has(kernel)) return kernel(z);
  return tf.tidy(() =>
    kernel(
      tf.sub(
        z,
        withoutGradient(() => tf.mean(z, 0, true)),
      ),
    ),
  );
}

export interface PolynomialKernelOptions {
  /** @default 3 */
  degree?: number;
  /** By default 1 / dim. */
  gamma?: number;
  /** @default 1 */
  constant?: number;
}

/**
 * k(x, y) = (gamma x . y + constant)^degree. The defaults are those of the kernel Inception distance, whose value is the unbiased
 * MMD^2 with this kernel.
 *
 * @see Binkowski et al., 2018, Demystifying MMD GANs, section 4
 * @example
 * const kid = mmd(realFeatures, fakeFeatures, { kernel: polynomialKernel(), estimator: 'unbiased' });
 */
export function polynomialKernel({ degree = 3, gamma, constant = 1, ...others }: PolynomialKernelOptions = {}): Kernel {
  assertKnownOptions('polynomialKernel', others, ['degree', 'gamma', 'constant']);

  requireInteger('polynomialKernel: degree', degree);
  requireNumber('polynomialKernel', 'constant', constant);
  if (gamma !== undefined) requireNumber('polynomialKernel', 'gamma', gamma, { minimum: 0, open: true });
  return (z) =>
    tf.tidy(() => {
      const base = tf.add(tf.mul(gamma ?? 1 / z.shape[1], tf.matMul(z, z, false, true)), constant);
      let power: Tensor = base;
      for (let i = 1; i < degree; i++) power = tf.mul(power, base);
      return power as Tensor2D;
    });
}

/** Bandwidth from the data: the median distance, or the root of half the mean squared distance; over i < j. */
export type BandwidthHeuristic = 'median' | 'mean';

export interface GaussianKernelOptions {
  /**
   * sigma, several sigmas (their kernels are added), or a heuristic.
   * @default 'median'
   */
  sigma?: number | readonly number[] | BandwidthHeuristic;
  /**
   * With a heuristic: multiples of its sigma, one kernel each.
   * @default [1]
   */
  factors?: readonly number[];
}

/**
 * k(x, y) = sum_s exp(-||x - y||^2 / (2 s^2)) over one or more bandwidths s (a sum, not a mean).
 *
 * `median`: s = median_{i<j} ||z_i - z_j||. `mean`: 2 s^2 = mean_{i<j} ||z_i - z_j||^2, the rule of DAN. Neither carries gradient.
 * DAN's five kernels of bandwidths 2^-2 ... 2^2 times the mean: `{ sigma: 'mean', factors: [2 ** -1, 2 ** -0.5, 1, 2 ** 0.5, 2] }`.
 *
 * @throws CrossmodalError when a bandwidth or factor is not positive
 * @see Gretton et al., 2012, A Kernel Two-Sample Test, section 8 (median heuristic)
 * @example
 * const distance = mmd(x, y, { kernel: gaussianKernel({ sigma: 'median', factors: [0.5, 1, 2] }) });
 */
export function gaussianKernel({
  sigma = 'median', // Gretton et al.
  factors = [1],
  ...others
}: GaussianKernelOptions = {}): Kernel {
  assertKnownOptions('gaussianKernel', others, ['sigma', 'factors']);

  const fixed = typeof sigma === 'number' ? [sigma] : sigma;
  if (typeof fixed === 'string') {
    requireThat(
      fixed === 'median' || fixed === 'mean',
      'gaussianKernel',
      () => `sigma must be a number, numbers, median or mean, got ${fixed}`,
    );
  }
  const numbers = typeof fixed === 'string' ? factors : fixed;
  requireThat(numbers.length > 0, 'gaussianKernel', () => 'sigma and factors must not be empty lists');
  for (const number of numbers)
    requireNumber('gaussianKernel', 'sigma and factors', number, { minimum: 0, open: true });
  return (z) =>
    tf.tidy(() => {
      const squared = squaredEuclideanDistance.pairwise(z, z);
      const unit = typeof fixed === 'string' ? heuristicVariance(squared, fixed) : 1;
      const kernels = numbers.map((s) => tf.exp(tf.div(squared, tf.mul(-2 * s * s, unit))));
      return (kernels.length === 1 ? kernels[0] : tf.addN(kernels)) as Tensor2D;
    });
}

/** The product of kernels, elementwise; over features of different kinds it makes a joint kernel. */
export function productKernel(...matrices: readonly Tensor2D[]): Tensor2D {
  return tf.tidy(() => matrices.reduce((product, next) => tf.mul(product, next)));
}

/** Bandwidths never fall below this, so that equal rows give a kernel of ones instead of 0 / 0. */
const SMALLEST = 1e-20;

/** s^2 of the heuristic from squared distances [n, n]. */
function heuristicVariance(squared: Tensor2D, heuristic: BandwidthHeuristic): Scalar {
  const rows = squared.shape[0];
  const pairs = Math.max((rows * (rows - 1)) / 2, 1);
  return withoutGradient(() => {
    if (heuristic === 'median') return tf.maximum(tf.square(medianDistance(squared, pairs)), SMALLEST) as Scalar;
    return tf.maximum(tf.div(tf.sum(squared), 4 * pairs), SMALLEST) as Scalar; // each pair occurs twice
  });
}

/**
 * The median distance over i < j from squared distances, via the largest half of all n^2 entries: off the diagonal each pair occurs twice,
 * and the zeros of the diagonal are pushed to the end. For an even count the two middle distances are averaged.
 */
function medianDistance(squared: Tensor2D, pairs: number): Scalar {
  const rows = squared.shape[0];
  const last = tf.sub(squared, tf.mul(identityMask(rows, rows), 1e30));
  const middle = Math.floor((pairs - 1) / 2); // 0-based, from the largest pair on
  const other = Math.floor(pairs / 2);
  const sorted = tf.topk(tf.reshape(last, [-1]), Math.min(2 * other + 1, rows * rows)).values;
  const at = (index: number) => tf.sqrt(tf.maximum(tf.slice(sorted, [2 * index], [1]), 0));
  return tf.reshape(tf.mul(0.5, tf.add(at(middle), at(other))), []) as Scalar;
}
