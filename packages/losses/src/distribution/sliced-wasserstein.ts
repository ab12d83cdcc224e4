import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DrawOptions, drawNormal } from '../internal/draw.js';
import { oneHot } from '../internal/one-hot.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import { sortRows } from '../internal/sort-rows.js';
import { requireSameWidth, requireThat, requireVector, shapeOf } from '../internal/validate.js';

export interface Wasserstein1dOptions {
  /**
   * The power p of the ground distance |u - v|.
   * @default 1
   */
  power?: 1 | 2;
}

/**
 * The p-Wasserstein distance between two samples of numbers, each with equal weights, to the power p.
 *
 * W_p^p = integral_0^1 | F_u^{-1}(q) - F_v^{-1}(q) |^p dq; for equal sizes the mean of |u_(i) - v_(i)|^p over sorted samples.
 *
 * @param u [n], float32
 * @param v [m], float32
 * @throws CrossmodalError when u or v is not a vector
 * @see Peyre and Cuturi, 2019, Computational Optimal Transport, remark 2.30
 * @example
 * const distance = wasserstein1d(tf.tensor1d([0, 1]), tf.tensor1d([1, 2])); // 1
 */
export function wasserstein1d(u: Tensor1D, v: Tensor1D, { power = 1, ...others }: Wasserstein1dOptions = {}): Scalar {
  assertKnownOptions('wasserstein1d', others, ['power']);

  requireVector('wasserstein1d', 'u', u);
  requireVector('wasserstein1d', 'v', v);
  requirePower('wasserstein1d', power);
  return tf.tidy(
    () => tf.sum(quantileCost(tf.expandDims(u, 0) as Tensor2D, tf.expandDims(v, 0) as Tensor2D, power)) as Scalar,
  );
}

export interface SlicedWassersteinOptions extends DrawOptions {
  /**
   * How many random directions. With `seed` they are always the same; with `random`, new ones every time.
   * @default 50
   */
  projections?: number;
  /** [projections, dim] unit vectors instead of random ones. */
  directions?: Tensor2D;
  /** @default 2 */
  power?: 1 | 2;
  /**
   * (mean_p W_p)^(1/power), the distance; without, its power, which is smoother to minimise.
   * @default true
   */
  root?: boolean;
}

/**
 * Sliced Wasserstein distance: the average, over random directions, of the exact one-dimensional distance of the projections.
 *
 * SW = ( mean_t W_p^p(x t, y t) )^(1/p). Sample sizes may differ.
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Bonneel et al., 2015, Sliced and Radon Wasserstein Barycenters of Measures, section 3; Deshpande et al., 2018, eq. 8
 * @example
 * const gap = slicedWasserstein(source, target, { projections: 64, random: new Random(1) });
 */
export function slicedWasserstein(
  x: Tensor2D,
  y: Tensor2D,
  {
    projections = 50, // POT
    directions,
    power = 2, // POT
    root = true, // POT
    seed,
    random,
    ...others
  }: SlicedWassersteinOptions = {},
): Scalar {
  assertKnownOptions('slicedWasserstein', others, ['projections', 'directions', 'power', 'root', 'seed', 'random']);

  const where = 'slicedWasserstein';
  requireSameWidth(where, ['x', 'y'], x, y);
  requirePower(where, power);
  requireInteger(`${where}: projections`, projections);
  if (directions) requireSameWidth(where, ['directions', 'x'], directions, x);
  return tf.tidy(() => {
    const axes = directions ?? sliceDirections(projections, x.shape[1], { seed, random });
    const costs = quantileCost(tf.matMul(axes, x, false, true), tf.matMul(axes, y, false, true), power);
    const mean = tf.mean(costs) as Scalar;
    return root && power === 2 ? safeSqrt(mean) : mean;
  });
}

/**
 * Random unit vectors, uniform on the sphere, for {@link slicedWasserstein}.
 *
 * @returns [projections, dim]
 * @example
 * const directions = sliceDirections(50, 128, { seed: 1 });
 */
export function sliceDirections(projections: number, dimension: number, options: DrawOptions = {}): Tensor2D {
  assertKnownOptions('sliceDirections', options, ['seed', 'random']);

  return tf.tidy(() => l2Normalize(drawNormal([projections, dimension], options) as Tensor2D));
}

function requirePower(where: string, power: number): void {
  requireThat(power === 1 || power === 2, where, () => `power must be 1 or 2, got ${power}`);
}

/** W_p^p of each row of u [P, n] to the same row of v [P, m]: [P]. */
function quantileCost(u: Tensor2D, v: Tensor2D, power: 1 | 2): Tensor {
  requireThat(u.shape[0] === v.shape[0], 'internal', () => `rows differ: ${shapeOf(u)} and ${shapeOf(v)}`);
  const [n, m] = [u.shape[1], v.shape[1]];
  const cost = (difference: Tensor) => (power === 1 ? tf.abs(difference) : tf.square(difference));
  if (n === m) return tf.mean(cost(tf.sub(sortRows(u), sortRows(v))), 1);
  const { indicesOfU, indicesOfV, masses } = mergedQuantiles(n, m);
  const difference = tf.sub(spread(sortRows(u), indicesOfU), spread(sortRows(v), indicesOfV));
  return tf.sum(tf.mul(cost(difference), tf.tensor2d(masses, [1, masses.length])), 1);
}

/** Between consecutive levels of {i/n} and {j/m} both quantile functions are constant: which entries, and how long a step. */
function mergedQuantiles(n: number, m: number) {
  const indicesOfU: number[] = [];
  const indicesOfV: number[] = [];
  const masses: number[] = [];
  for (let i = 0, j = 0, level = 0; i < n && j < m; ) {
    const [endOfU, endOfV] = [(i + 1) * m, (j + 1) * n]; // in units of 1 / (n m)
    const end = Math.min(endOfU, endOfV);
    indicesOfU.push(i);
    indicesOfV.push(j);
    masses.push((end - level) / (n * m));
    level = end;
    if (endOfU === end) i++;
    if (endOfV === end) j++;
  }
  return { indicesOfU, indicesOfV, masses };
}

/** Repeats columns: a product with a one-hot matrix, whose gradient needs no scatter. */
function spread(x: Tensor2D, indices: number[]): Tensor2D {
  return tf.matMul(x, oneHot(tf.tensor1d(indices, 'int32'), x.shape[1]), false, true);
}
