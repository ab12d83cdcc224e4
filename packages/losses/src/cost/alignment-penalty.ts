import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { angularDistance } from '../distances/angular.js';
import { type DistanceOption, resolveDistance } from '../distances/distance.js';
import { requireOneOf, requirePaired } from '../internal/validate.js';

export interface AlignmentDistanceOptions {
  /** @default 'squared-euclidean' */
  distance?: DistanceOption;
}

/**
 * Alignment distance: the mean distance of matched rows; with squared Euclidean distances, the penalty of hard alignment,
 * mean_i || a_i - b_i ||^2.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when the shapes differ or the distance is unknown
 * @example
 * const penalty = alignmentDistance(images, texts, { distance: 'euclidean' });
 */
export function alignmentDistance(
  a: Tensor2D,
  b: Tensor2D,
  { distance = 'squared-euclidean', ...others }: AlignmentDistanceOptions = {}, // hard alignment
): Scalar {
  assertKnownOptions('alignmentDistance', others, ['distance']);

  requirePaired('alignmentDistance', a, b);
  const resolved = resolveDistance('alignmentDistance', distance);
  return tf.tidy(() => tf.mean(resolved.paired(a, b)) as Scalar);
}

export interface AlignmentAngleOptions {
  /** @default 'radians' */
  unit?: 'radians' | 'degrees';
}

/**
 * Alignment angle: the mean angle between matched rows, 0 when they point the same way. Near 0 its gradient does not fade, as that of
 * the cosine does.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @throws CrossmodalError when the shapes differ
 * @example
 * const penalty = alignmentAngle(images, texts);
 */
export function alignmentAngle(
  a: Tensor2D,
  b: Tensor2D,
  { unit = 'radians', ...others }: AlignmentAngleOptions = {},
): Scalar {
  assertKnownOptions('alignmentAngle', others, ['unit']);

  requirePaired('alignmentAngle', a, b);
  requireOneOf('alignmentAngle', 'unit', unit, ['radians', 'degrees']);
  return tf.tidy(() => {
    const mean = tf.mean(angularDistance.paired(a, b)) as Scalar;
    return unit === 'radians' ? mean : tf.mul(mean, 180 / Math.PI);
  });
}
