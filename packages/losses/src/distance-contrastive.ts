import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DistanceOption, resolveDistance } from './distances/distance.js';
import { contrastRows, type MultiPositive } from './internal/contrast-rows.js';
import { requireOneOf, requirePositive, requireSameWidth, requireSquareForNone } from './internal/validate.js';
import { minePairs, type PairMiner } from './mining/pair-miner.js';
import { type Pairs, resolvePairs, transposePairs, usedRows } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface DistanceContrastiveOptions<R extends Reduction = 'mean'> {
  /**
   * tau, in units of the distance; a scalar tensor trains it.
   * @default 1
   */
  temperature?: number | Scalar;
  /** @default 'euclidean' */
  distance?: DistanceOption;
  /**
   * The mean of both directions.
   * @default false
   */
  symmetric?: boolean;
  /** By default a_i and b_i belong together and nothing else does. */
  pairs?: Pairs;
  /**
   * What several positives mean, see {@link MultiPositive}.
   * @default 'out'
   */
  multiPositive?: MultiPositive;
  mining?: PairMiner;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Distance contrastive loss: a softmax over negative distances.
 *
 * L = -1/B sum_i log [ exp(-d(a_i,b_i)/tau) / ( exp(-d(a_i,b_i)/tau) + sum_{j != i} exp(-d(a_i,b_j)/tau) ) ]
 *
 * With the cosine distance this is InfoNCE (one direction); with squared Euclidean distances and classes' means as b, a
 * prototypical network.
 *
 * @param a [n, dim], float32
 * @param b [m, dim], float32; n = m unless pairs are given
 * @returns a scalar, or one loss per row of a with `reduction: 'none'`
 * @throws CrossmodalError when shapes or options do not fit
 * @see Snell et al., 2017, Prototypical Networks for Few-shot Learning, eq. 2
 * @example
 * const loss = distanceContrastive(a, b, { distance: 'euclidean', temperature: 0.5 });
 */
export function distanceContrastive<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    temperature = 1, // Snell et al.
    distance = 'euclidean',
    symmetric = false,
    pairs,
    multiPositive = 'out', // SupCon's better form
    mining,
    reduction = 'mean' as R,
    ...others
  }: DistanceContrastiveOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('distanceContrastive', others, [
    'temperature',
    'distance',
    'symmetric',
    'pairs',
    'multiPositive',
    'mining',
    'reduction',
  ]);

  const where = 'distanceContrastive';
  requireSameWidth(where, ['a', 'b'], a, b);
  requirePositive(where, 'temperature', temperature);
  requireOneOf(where, 'multiPositive', multiPositive, ['out', 'in', 'each']);
  const resolved = resolveDistance(where, distance);
  requireSquareForNone(where, a, b, symmetric, reduction);
  return tf.tidy(() => {
    const distances = resolved.pairwise(...usedRows(where, pairs, a, b));
    const mined = minePairs(where, distances, resolvePairs(where, pairs, a.shape[0], b.shape[0]), mining);
    const logits = tf.div(tf.neg(distances), temperature) as Tensor2D;
    const direction = (scores: Tensor2D, own: Pairs) => {
      const { losses, counts } = contrastRows(scores, own, { multiPositive });
      return reduceLosses(losses, { reduction, valid: reduction === 'mean' ? counts : undefined });
    };
    const aToB = direction(logits, mined);
    if (!symmetric) return aToB;
    return tf.mul(0.5, tf.add(aToB, direction(tf.transpose(logits), transposePairs(mined)))) as Reduced<R>;
  });
}
