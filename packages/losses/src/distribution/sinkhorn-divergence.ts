import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DistanceOption, resolveDistance } from '../distances/distance.js';
import { requireOneOf, requireSameWidth, requireThat } from '../internal/validate.js';
import { type SinkhornOptions, sinkhorn } from './sinkhorn.js';

/**
 * What is returned, at the optimal plan P: `transport` <P, C>; `kl` adds epsilon KL(P | a b^T); `entropy` adds
 * epsilon sum P (log P - 1).
 */
export type SinkhornObjective = 'kl' | 'transport' | 'entropy';

export interface SinkhornCostOptions extends SinkhornOptions {
  /**
   * The ground cost. Squared Euclidean is not halved (geomloss halves it).
   * @default 'squared-euclidean'
   */
  distance?: DistanceOption;
  /** @default 'kl' */
  objective?: SinkhornObjective;
}

/**
 * The cost of moving one sample onto another by entropic optimal transport.
 *
 * OT(x, y) = min_P <P, C> + epsilon KL(P | a b^T), C_ij = d(x_i, y_j). The gradient is <P, dC> with the plan held fixed, which is
 * exact for the `kl` objective at convergence (envelope theorem) and needs no memory for the iterations.
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Peyre and Cuturi, 2019, Computational Optimal Transport, section 4.5 and proposition 9.2
 * @example
 * const cost = sinkhornCost(images, texts, { epsilon: 0.1 });
 */
export function sinkhornCost(
  x: Tensor2D,
  y: Tensor2D,
  {
    distance = 'squared-euclidean', // POT, geomloss
    objective = 'kl', // the one whose gradient is exact
    ...options
  }: SinkhornCostOptions = {},
): Scalar {
  assertKnownOptions('sinkhornCost', options, [
    'distance',
    'objective',
    'epsilon',
    'iterations',
    'relaxation',
    'a',
    'b',
    'massPenalty',
  ]);

  const where = 'sinkhornCost';
  requireSameWidth(where, ['x', 'y'], x, y);
  requireOneOf(where, 'objective', objective, ['kl', 'transport', 'entropy']);
  const resolved = resolveDistance(where, distance);
  return tf.tidy(() => {
    const cost = resolved.pairwise(x, y);
    const { plan, f, g } = sinkhorn(cost, options);
    const transport = tf.sum(tf.mul(plan, cost)) as Scalar;
    if (objective === 'transport') return transport;
    const { epsilon = 0.05 } = options; // as sinkhorn
    // log P / (a b) = (f + g - C) / epsilon, so epsilon KL(P | a b^T) needs no logarithm of small numbers.
    const logRatio = tf.sub(tf.add(tf.expandDims(f, 1), tf.expandDims(g, 0)), stopGradient(cost));
    if (objective === 'kl') return tf.add(transport, tf.sum(tf.mul(plan, logRatio))) as Scalar;
    const logPlan = tf.log(tf.maximum(plan, 1e-30));
    return tf.add(transport, tf.mul(epsilon, tf.sum(tf.mul(plan, tf.sub(logPlan, 1))))) as Scalar;
  });
}

/**
 * Sinkhorn divergence: {@link sinkhornCost} without its entropic bias, so that it is 0 for equal samples and never negative.
 *
 * S(x, y) = OT(x, y) - 1/2 OT(x, x) - 1/2 OT(y, y). Between MMD (epsilon large) and the Wasserstein distance (epsilon small).
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when shapes or options do not fit; weights a and b are not supported here
 * @see Feydy et al., 2019, Interpolating between Optimal Transport and MMD using Sinkhorn Divergences, eq. 3
 * @example
 * const gap = sinkhornDivergence(source, target, { epsilon: 0.1 });
 */
export function sinkhornDivergence(
  x: Tensor2D,
  y: Tensor2D,
  options: Omit<SinkhornCostOptions, 'a' | 'b'> = {},
): Scalar {
  requireSameWidth('sinkhornDivergence', ['x', 'y'], x, y);
  requireThat(
    !('a' in options || 'b' in options),
    'sinkhornDivergence',
    () => 'weights a and b are not supported; use sinkhornCost',
  );
  assertKnownOptions('sinkhornDivergence', options, [
    'distance',
    'objective',
    'epsilon',
    'iterations',
    'relaxation',
    'massPenalty',
  ]);
  return tf.tidy(() => {
    const self = tf.add(sinkhornCost(x, x, options), sinkhornCost(y, y, options));
    return tf.sub(sinkhornCost(x, y, options), tf.mul(0.5, self)) as Scalar;
  });
}
