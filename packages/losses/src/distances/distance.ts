import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { requirePaired, requireSameWidth } from '../internal/validate.js';
import { angularDistance } from './angular.js';
import { cosineDistance } from './cosine.js';
import type { Distance } from './distance-interface.js';
import { dotDistance } from './dot.js';
import { euclideanDistance, squaredEuclideanDistance } from './euclidean.js';
import { manhattanDistance } from './manhattan.js';

export type { Distance } from './distance-interface.js';

const distances = {
  cosine: cosineDistance,
  dot: dotDistance,
  euclidean: euclideanDistance,
  'squared-euclidean': squaredEuclideanDistance,
  manhattan: manhattanDistance,
  angular: angularDistance,
} satisfies Record<string, Distance>;

/** The distances that have a name. */
export type DistanceName = keyof typeof distances;

/** A name, or a distance of your own. */
export type DistanceOption = DistanceName | Distance;

export function resolveDistance(where: string, distance: DistanceOption): Distance {
  if (typeof distance === 'object' && typeof distance?.pairwise === 'function' && typeof distance.paired === 'function')
    return distance;
  const found = Object.hasOwn(distances, distance as string)
    ? (distances as Record<string, Distance>)[distance as string]
    : undefined;
  if (found) return found;
  throw new CrossmodalError(
    `${where}: distance must be one of ${Object.keys(distances).join(', ')} or an object with pairwise and paired, got ${typeof distance === 'string' ? distance : typeof distance}`,
  );
}

export interface DistanceOptions {
  /** @default 'cosine' */
  distance?: DistanceOption;
}

/**
 * The matrix of distances between all rows of a and all rows of b.
 *
 * | name | d(a_i, b_j) |
 * |---|---|
 * | `cosine` | 1 - n(a_i) . n(b_j), n(x) = x / \|\|x\|\| |
 * | `dot` | -a_i . b_j |
 * | `euclidean` | \|\|a_i - b_j\|\|_2 |
 * | `squared-euclidean` | \|\|a_i - b_j\|\|_2^2 |
 * | `manhattan` | sum_d \|a_id - b_jd\| |
 * | `angular` | the angle between a_i and b_j in radians, 0 to pi |
 *
 * All gradients are finite everywhere: 0 where the distance has a kink (equal rows, zero vectors).
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32
 * @returns [n, m]
 * @throws CrossmodalError when the widths differ or the distance is unknown
 * @example
 * const d = pairwiseDistance(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]]), { distance: 'euclidean' }); // [[5]]
 */
export function pairwiseDistance(
  a: Tensor2D,
  b: Tensor2D,
  { distance = 'cosine', ...others }: DistanceOptions = {},
): Tensor2D {
  assertKnownOptions('pairwiseDistance', others, ['distance']);

  requireSameWidth('pairwiseDistance', ['a', 'b'], a, b);
  return resolveDistance('pairwiseDistance', distance).pairwise(a, b);
}

/**
 * The distance of row i of a to row i of b; the diagonal of {@link pairwiseDistance} without the rest of the matrix.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @returns [batch]
 * @throws CrossmodalError when the shapes differ or the distance is unknown
 * @example
 * const d = pairedDistance(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]]), { distance: 'manhattan' }); // [7]
 */
export function pairedDistance(
  a: Tensor2D,
  b: Tensor2D,
  { distance = 'cosine', ...others }: DistanceOptions = {},
): Tensor1D {
  assertKnownOptions('pairedDistance', others, ['distance']);

  requirePaired('pairedDistance', a, b);
  return resolveDistance('pairedDistance', distance).paired(a, b);
}
