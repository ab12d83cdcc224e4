import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DistanceOption, resolveDistance } from './distances/distance.js';
import { requireShares } from './internal/check-labels.js';
import { requireNumber, requirePaired, requireThat, requireVector, shapeOf } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface HadsellContrastiveOptions<R extends Reduction = 'mean'> {
  /**
   * Negatives farther apart than this have no loss.
   * @default 1
   */
  margin?: number;
  /** @default 'euclidean' */
  distance?: DistanceOption;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * The contrastive loss of Hadsell et al. on given pairs: matches are pulled together, the others pushed to the margin.
 *
 * L_i = 1/2 [ y_i d_i^2 + (1 - y_i) max(0, margin - d_i)^2 ], d_i = d(a_i, b_i), y_i = 1 for a match and 0 otherwise. Mean over
 * the batch. (Hadsell's Y is the other way round; sentence-transformers' is this one.) For all pairs of a batch see
 * {@link marginContrastive}.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @param matches [batch], float32, 1 or 0
 * @throws CrossmodalError when shapes or options do not fit
 * @see Hadsell, Chopra, LeCun, 2006, Dimensionality Reduction by Learning an Invariant Mapping, eq. 4
 * @example
 * const loss = hadsellContrastive(a, b, matches, { margin: 2 });
 */
export function hadsellContrastive<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  matches: Tensor1D,
  {
    margin = 1, // the usual choice for unit vectors (pytorch-metric-learning)
    distance = 'euclidean', // the paper
    reduction = 'mean' as R,
    ...others
  }: HadsellContrastiveOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('hadsellContrastive', others, ['margin', 'distance', 'reduction']);

  const where = 'hadsellContrastive';
  requirePaired(where, a, b);
  requireVector(where, 'matches', matches);
  requireThat(
    matches.shape[0] === a.shape[0],
    where,
    () => `matches must have one entry per row, [${a.shape[0]}], got ${shapeOf(matches)}`,
  );
  requireShares(where, 'matches', matches);
  requireNumber(where, 'margin', margin, { minimum: 0 });
  return tf.tidy(() => {
    const d = resolveDistance(where, distance).paired(a, b);
    const pull = tf.mul(matches, tf.square(d));
    const push = tf.mul(tf.sub(1, matches), tf.square(tf.relu(tf.sub(margin, d))));
    return reduceLosses(tf.mul(0.5, tf.add(pull, push)), { reduction });
  });
}
