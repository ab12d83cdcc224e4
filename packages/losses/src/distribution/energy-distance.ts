import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { euclideanDistance } from '../distances/euclidean.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import { requireSameWidth } from '../internal/validate.js';

export interface EnergyDistanceOptions {
  /**
   * The square root, as in scipy; without, the squared distance, which is smoother to minimise.
   * @default true
   */
  root?: boolean;
}

/**
 * Energy distance between two samples, a discrepancy without a bandwidth to choose.
 *
 * E^2 = 2 mean ||x_i - y_j|| - mean ||x_i - x_j|| - mean ||y_i - y_j||, all pairs, diagonals included; never negative.
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when the widths differ
 * @see Szekely and Rizzo, 2013, Energy statistics, eq. 5
 * @example
 * const gap = energyDistance(source, target);
 */
export function energyDistance(
  x: Tensor2D,
  y: Tensor2D,
  { root = true, ...others }: EnergyDistanceOptions = {},
): Scalar {
  assertKnownOptions('energyDistance', others, ['root']);

  requireSameWidth('energyDistance', ['x', 'y'], x, y);
  return tf.tidy(() => {
    const mean = (p: Tensor2D, q: Tensor2D) => tf.mean(euclideanDistance.pairwise(p, q));
    const squared = tf.relu(tf.sub(tf.mul(2, mean(x, y)), tf.add(mean(x, x), mean(y, y)))) as Scalar;
    return root ? safeSqrt(squared) : squared;
  });
}
