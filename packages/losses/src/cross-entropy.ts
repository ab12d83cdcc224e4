import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { logSumExp } from './internal/log-sum-exp.js';
import { oneHot } from './internal/one-hot.js';
import { stopGradient } from './internal/stop-gradient.js';
import { requireFloat, requireNumber, requireThat, shapeOf } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface CrossEntropyOptions<R extends Reduction = 'mean'> {
  /** The share of the target that is spread evenly over all classes. */
  labelSmoothing?: number;
  /** Positions with this label have no loss (padding). */
  ignoreLabel?: number;
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
 * @throws CrossmodalError when shapes or options do not fit
 * @see Yu et al., 2022, CoCa: Contrastive Captioners, eq. 4; Szegedy et al., 2016, Rethinking the Inception Architecture, section 7
 * @example
 * const loss = crossEntropy(logits, tf.tensor1d([3, 1], 'int32'), { labelSmoothing: 0.1 });
 */
export function crossEntropy<R extends Reduction = 'mean'>(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, ignoreLabel, reduction = 'mean' as R }: CrossEntropyOptions<R> = {},
): Reduced<R> {
  const where = 'crossEntropy';
  requireFloat(where, 'logits', logits);
  requireThat(
    logits.rank >= 2 && logits.rank === labels.rank + 1 && labels.shape.every((size, i) => size === logits.shape[i]),
    where,
    () => `logits must be [..., classes] and labels [...], got ${shapeOf(logits)} and ${shapeOf(labels)}`,
  );
  requireNumber(where, 'labelSmoothing', labelSmoothing, { minimum: 0, maximum: 1 });
  return tf.tidy(() => {
    const classes = logits.shape[logits.rank - 1] as number;
    const flat = tf.reshape(logits, [-1, classes]) as Tensor2D;
    const indices = stopGradient(tf.reshape(tf.cast(labels, 'int32'), [-1])) as Tensor1D;
    const own = oneHot(indices, classes);
    const target = tf.sum(tf.mul(own, flat), 1);
    const smoothed = labelSmoothing
      ? tf.add(tf.mul(1 - labelSmoothing, target), tf.mul(labelSmoothing, tf.mean(flat, 1)))
      : target;
    const losses = tf.sub(logSumExp<Tensor1D>(flat, 1), smoothed);
    const valid = ignoreLabel === undefined ? undefined : tf.cast(tf.notEqual(indices, ignoreLabel), 'float32');
    return reduceLosses(losses, { reduction, valid });
  });
}
