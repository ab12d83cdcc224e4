import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { above } from './internal/masks.js';
import { requireOneOf } from './internal/validate.js';

/**
 * How the losses of the rows of a batch (or of its pairs, or triplets) become one number.
 *
 * - `mean`: over the rows that take part. A row without a positive does not.
 * - `mean-nonzero`: over the losses above zero, as in pytorch-metric-learning (AvgNonZeroReducer). Keeps the gradient's
 *   size when most triplets are already solved; the value jumps when a term reaches zero.
 * - `sum`: over all, as in VSE++.
 * - `none`: the losses themselves, one per row.
 */
export type Reduction = 'mean' | 'mean-nonzero' | 'sum' | 'none';

/** A scalar, or with `none` one loss per row. */
export type Reduced<R extends Reduction> = R extends 'none' ? Tensor1D : Scalar;

const choices: readonly Reduction[] = ['mean', 'mean-nonzero', 'sum', 'none'];

export interface ReduceOptions<R extends Reduction> {
  reduction: R;
  /** 1 for the losses that take part, 0 for the others; by default all do. Counts (of pairs in a row) are allowed. */
  valid?: Tensor;
}

/**
 * Reduces losses of any shape to what `reduction` asks for. Losses with `valid` = 0 are left out of sums and means; when
 * none is left the result is 0.
 *
 * @param losses any shape, float32
 * @example
 * const loss = reduceLosses(tf.tensor1d([1, 0, 2]), { reduction: 'mean-nonzero' }); // 1.5
 */
export function reduceLosses<R extends Reduction>(
  losses: Tensor,
  { reduction, valid, ...others }: ReduceOptions<R>,
): Reduced<R> {
  assertKnownOptions('reduceLosses', others, ['reduction', 'valid']);

  requireOneOf('reduceLosses', 'reduction', reduction, choices);
  return tf.tidy(() => {
    // Not `mul` alone: what does not take part may be NaN.
    const kept = valid ? tf.mul(tf.where(tf.greater(valid, 0), losses, tf.zerosLike(losses)), valid) : losses;
    if (reduction === 'none') return tf.clone(kept) as Reduced<R>;
    const sum = tf.sum(kept);
    if (reduction === 'sum') return sum as Reduced<R>;
    if (reduction === 'mean' && !valid) return tf.mean(losses) as Reduced<R>;
    const count = tf.sum(reduction === 'mean' ? (valid as Tensor) : above(kept, 0));
    return tf.div(sum, tf.maximum(count, 1)) as Reduced<R>;
  });
}
