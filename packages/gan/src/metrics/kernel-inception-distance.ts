import { assertKnownOptions, Random, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Matrix } from 'ml-matrix';
import { featurePair } from './feature-rows.js';

/**
 * Kernel inception distance: the unbiased squared MMD between two sets of features under the polynomial kernel
 * k(a, b) = (gamma a.b + coefficient)^degree, averaged over random subsets.
 *
 * @param real [rows, dimension], features of real samples
 * @param generated [rows, dimension], features of generated samples
 * @param options.gamma 1 / dimension by default
 * @param options.subsets how many subsets are drawn; with 1 and no `subsetSize`, all rows are used once
 * @param options.subsetSize rows of each set per subset; all (of the smaller set) by default
 * @param options.seed draws the subsets
 * @returns mean and standard deviation over the subsets; zero in expectation for equal distributions, may be negative
 * @throws CrossmodalError for fewer than two rows, unequal dimensions, a subset larger than a set
 * @see Binkowski et al., Demystifying MMD GANs (2018), section 4
 * @example
 * const { mean } = await kernelInceptionDistance(realFeatures, fakeFeatures, { subsets: 20, subsetSize: 100 });
 */
export async function kernelInceptionDistance(
  real: Tensor2D,
  generated: Tensor2D,
  {
    degree = 3, // Binkowski et al.
    coefficient = 1, // Binkowski et al.
    gamma,
    subsets = 1,
    subsetSize,
    seed = 0,
    ...others
  }: {
    /** @default 3 */
    degree?: number;
    /** @default 1 */
    coefficient?: number;
    gamma?: number;
    /** @default 1 */
    subsets?: number;
    subsetSize?: number;
    /** @default 0 */
    seed?: number | string;
  } = {},
): Promise<{ mean: number; standardDeviation: number }> {
  assertKnownOptions('kernelInceptionDistance', others, [
    'degree',
    'coefficient',
    'gamma',
    'subsets',
    'subsetSize',
    'seed',
  ]);
  const [x, y] = await featurePair('kernelInceptionDistance', ['real', real], ['generated', generated]);
  const smaller = Math.min(x.rows, y.rows);
  const size = subsetSize ?? (subsets > 1 ? smaller : undefined);
  requireInteger('kernelInceptionDistance: subsets', subsets);
  if (size !== undefined) requireInteger('kernelInceptionDistance: subsetSize', size, 2, smaller);
  const scale = gamma ?? 1 / x.columns;
  const kernel = (a: Matrix, b: Matrix) => a.mmul(b.transpose()).mul(scale).add(coefficient).pow(degree);
  const random = new Random(seed);
  const values: number[] = [];
  for (let k = 0; k < subsets; k++) {
    const a = size === undefined ? x : pick(x, size, random);
    const b = size === undefined ? y : pick(y, size, random);
    const offDiagonal = (m: Matrix) => (m.sum() - m.trace()) / (m.rows * (m.rows - 1));
    values.push(offDiagonal(kernel(a, a)) + offDiagonal(kernel(b, b)) - 2 * kernel(a, b).mean());
  }
  const mean = values.reduce((sum, v) => sum + v, 0) / subsets;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / subsets;
  return { mean, standardDeviation: Math.sqrt(variance) };
}

function pick(rows: Matrix, size: number, random: Random): Matrix {
  const order = random.shuffle(Array.from({ length: rows.rows }, (_, i) => i));
  return rows.subMatrixRow(order.slice(0, size));
}
