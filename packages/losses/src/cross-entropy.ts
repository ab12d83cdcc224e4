import { assertKnownOptions, stopGradient, withoutGradient } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { isClassLabel, requireClasses } from './internal/check-labels.js';
import { logSumExp } from './internal/log-sum-exp.js';
import { keepWhere } from './internal/masks.js';
import { oneHot } from './internal/one-hot.js';
import { requireFloat, requireNumber, requireThat, shapeOf } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface CrossEntropyOptions<R extends Reduction = 'mean'> {
  /**
   * The share of the target that is spread evenly over all classes.
   * @default 0
   */
  labelSmoothing?: number;
  /** Positions with this label have no loss (padding). */
  ignoreLabel?: number;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Softmax cross entropy with integer labels, over the last axis: classes, or the tokens of a caption.
 *
 * L = mean over positions with label != ignoreLabel of -log softmax(logits)_{label}, the mean over all positions of the batch (not
 * per sentence), as CoCa's caption loss.
 *
 * @param logits [..., classes], float32
 * @param labels [...], integers in [0, classes), int32 or float32
 * @returns a scalar, or with `none` one loss per position, flattened
 * @throws CrossmodalError when shapes or options do not fit, or a label is no integer in [0, classes); inside a compiled step, where
 *   labels cannot be read, such a label makes the loss NaN
 * @see Yu et al., 2022, CoCa: Contrastive Captioners, eq. 4; Szegedy et al., 2016, Rethinking the Inception Architecture, section 7
 * @example
 * const loss = crossEntropy(logits, tf.tensor1d([3, 1], 'int32'), { labelSmoothing: 0.1 });
 */
export function crossEntropy<R extends Reduction = 'mean'>(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, ignoreLabel, reduction = 'mean' as R, ...others }: CrossEntropyOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('crossEntropy', others, ['labelSmoothing', 'ignoreLabel', 'reduction']);

  const where = 'crossEntropy';
  requireFloat(where, 'logits', logits);
  requireThat(
    logits.rank >= 2 && logits.rank === labels.rank + 1 && labels.shape.every((size, i) => size === logits.shape[i]),
    where,
    () => `logits must be [..., classes] and labels [...], got ${shapeOf(logits)} and ${shapeOf(labels)}`,
  );
  requireNumber(where, 'labelSmoothing', labelSmoothing, { minimum: 0, maximum: 1 });
  const classes = logits.shape[logits.rank - 1] as number;
  requireClasses(where, labels, classes, ignoreLabel);
  return tf.tidy(() => {
    const numbers = stopGradient(tf.reshape(labels, [-1])) as Tensor1D;
    const counted =
      ignoreLabel === undefined
        ? undefined
        : (withoutGradient(() => tf.cast(tf.notEqual(numbers, ignoreLabel), 'float32')) as Tensor1D);
    const rows = tf.reshape(logits, [-1, classes]) as Tensor2D;
    const everyClass = (x: Tensor1D) => tf.tile(tf.expandDims(x, 1), [1, classes]);
    // What is ignored may hold anything, also NaN, which times zero would be NaN again.
    const flat = counted ? keepWhere(everyClass(counted), rows, 0) : rows;
    const target = tf.sum(keepWhere(oneHot(numbers, classes), flat, 0), 1);
    const smoothed = labelSmoothing
      ? tf.add(tf.mul(1 - labelSmoothing, target), tf.mul(labelSmoothing, tf.mean(flat, 1)))
      : target;
    const losses = tf.sub(logSumExp<Tensor1D>(flat, 1), smoothed) as Tensor1D;
    // Where labels could not be read: NaN, which the guard of a training loop finds.
    const marked = keepWhere(isClassLabel(numbers, classes), losses, Number.NaN);
    return reduceLosses(marked, { reduction, valid: counted });
  });
}
