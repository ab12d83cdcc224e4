import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { readAtOnce } from './internal/check-labels.js';
import { type CtcPaths, ctcPaths } from './internal/ctc-paths.js';
import { EXCLUDED } from './internal/masks.js';
import { requireFloat, requireOneOf, requireThat, shapeOf } from './internal/validate.js';

export interface CtcLossOptions<R extends 'mean' | 'sum' | 'none' = 'mean'> {
  /** How many frames of each row are real, [batch]; all unless given. */
  inputLengths?: Tensor1D | undefined;
  /** How many labels of each row are real, [batch], zero for an empty text; all unless given. */
  labelLengths?: Tensor1D | undefined;
  /**
   * The class that stands for no symbol.
   * @default 0
   */
  blank?: number;
  /**
   * Rows whose labels cannot be aligned with so few frames count as loss 0 with gradient 0.
   * @default false
   */
  zeroInfinity?: boolean;
  /**
   * `mean`: each loss is divided by its number of labels (at least 1), then averaged over the batch, as in PyTorch.
   * @default 'mean' as R
   */
  reduction?: R;
}

/**
 * Connectionist temporal classification: -log of the probability of all alignments of the labels with the frames. An alignment
 * names a class or the blank per frame; equal neighbours are merged, then blanks left out, and the labels must remain.
 *
 * Forward and backward probabilities are computed in one pass over the frames, in the log domain, and so is the gradient,
 * softmax(logits) - P(class at the frame | labels). Without `zeroInfinity`, labels that cannot be aligned (fewer frames than
 * labels and repeats) have the loss Infinity and the gradient NaN.
 *
 * @param logits [batch, frames, classes], float32, before the softmax
 * @param labels [batch, length], integers in [0, classes) other than `blank`; what stands behind `labelLengths` is not read
 * @returns a scalar, or with `none` one loss per row
 * @throws CrossmodalError when shapes do not fit, an option is out of range, or a label is no class or the blank; inside a compiled
 *   step, where labels cannot be read, such a label makes the loss of its row NaN
 * @see Graves et al. (2006), "Connectionist temporal classification", equations 3 to 16; torch.nn.functional.ctc_loss
 * @example
 * const frames = tf.zeros([1, 40, 6]) as tf.Tensor3D;
 * const loss = ctcLoss(frames, tf.tensor2d([[3, 1, 1]], [1, 3], 'int32'), { inputLengths: tf.tensor1d([40], 'int32') });
 */
export function ctcLoss<R extends 'mean' | 'sum' | 'none' = 'mean'>(
  logits: Tensor3D,
  labels: Tensor2D,
  {
    inputLengths,
    labelLengths,
    blank = 0, // PyTorch
    zeroInfinity = false, // PyTorch
    reduction = 'mean' as R, // PyTorch
    ...others
  }: CtcLossOptions<R> = {},
): R extends 'none' ? Tensor1D : tf.Scalar {
  assertKnownOptions('ctcLoss', others, ['inputLengths', 'labelLengths', 'blank', 'zeroInfinity', 'reduction']);

  const where = 'ctcLoss';
  requireFloat(where, 'logits', logits);
  requireThat(
    logits.rank === 3 && labels.rank === 2 && labels.shape[0] === logits.shape[0],
    where,
    () =>
      `logits must be [batch, frames, classes] and labels [batch, length], got ${shapeOf(logits)} and ${shapeOf(labels)}`,
  );
  const [batch, frames, classes] = logits.shape;
  requireInteger(`${where}: blank`, blank, 0, classes - 1);
  requireOneOf(where, 'reduction', reduction, ['mean', 'sum', 'none']);
  for (const [name, lengths] of Object.entries({ inputLengths, labelLengths })) {
    requireThat(
      !lengths || (lengths.rank === 1 && lengths.shape[0] === batch),
      where,
      () => `${name} must be [${batch}], got ${shapeOf(lengths!)}`,
    );
  }
  requireSymbols(labels, labelLengths, { classes, blank });
  type Result = R extends 'none' ? Tensor1D : tf.Scalar;
  return tf.tidy(() => {
    const inputs = inputLengths ? tf.cast(inputLengths, 'int32') : tf.fill([batch], frames, 'int32');
    const counts = labelLengths
      ? tf.cast(labelLengths, 'int32')
      : (tf.fill([batch], labels.shape[1], 'int32') as Tensor1D);
    const paths = ctcPaths(tf.cast(labels, 'int32'), counts, { classes, blank });
    const losses = ctcLosses(logits, inputs as Tensor1D, paths, zeroInfinity);
    if (reduction === 'none') return losses as Result;
    if (reduction === 'sum') return tf.sum(losses) as Result;
    return tf.mean(tf.div(losses, tf.maximum(tf.cast(counts, 'float32'), 1))) as Result;
  });
}

/** Refuses labels that are no classes or the blank, where they can be read. */
function requireSymbols(
  labels: Tensor2D,
  labelLengths: Tensor1D | undefined,
  { classes, blank }: { classes: number; blank: number },
): void {
  const values = readAtOnce(labels);
  const counts = labelLengths && readAtOnce(labelLengths);
  if (!values || (labelLengths && !counts)) return;
  const [batch, length] = labels.shape;
  for (let row = 0; row < batch; row++) {
    const count = counts?.[row] ?? length;
    requireThat(count >= 0 && count <= length, 'ctcLoss', () => `labelLengths must be in [0, ${length}], got ${count}`);
    for (let i = 0; i < count; i++) {
      const label = values[row * length + i]!;
      requireThat(
        Number.isInteger(label) && label >= 0 && label < classes && label !== blank,
        'ctcLoss',
        () => `labels must be integers in [0, ${classes}) other than the blank ${blank}, got ${label} at [${row},${i}]`,
      );
    }
  }
}

/** -log P(labels) per row, with its gradient. */
function ctcLosses(logits: Tensor3D, inputLengths: Tensor1D, paths: CtcPaths, zeroInfinity: boolean): Tensor1D {
  const operation = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [Tensor3D, (tensors: Tensor[]) => void];
    const [loss, gradient] = tf.tidy(() => {
      const { total, occupancy, real } = occupancies(x, inputLengths, paths);
      const possible = tf.greater(total, EXCLUDED / 2);
      const ofRows = (condition: Tensor) => tf.broadcastTo(tf.reshape(condition, [-1, 1, 1]), x.shape);
      const difference = tf.mul(tf.sub(tf.softmax(x), occupancy), real);
      const instead = zeroInfinity ? [0, 0] : [Number.POSITIVE_INFINITY, Number.NaN];
      const losses = tf.where(possible, tf.neg(total), tf.fill(total.shape, instead[0]!));
      const gradients = tf.where(ofRows(possible), difference, tf.fill(x.shape, instead[1]!));
      // Where labels could not be read: NaN, which the guard of a training loop finds.
      return [
        tf.where(paths.proper, losses, tf.fill(total.shape, Number.NaN)),
        tf.where(ofRows(paths.proper), gradients, tf.fill(x.shape, Number.NaN)),
      ] as [Tensor, Tensor];
    });
    save([gradient]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => tf.mul(saved[0] as Tensor, tf.reshape(dy, [-1, 1, 1]));
    return { value: loss, gradFunc };
  });
  return operation(logits) as Tensor1D;
}

/**
 * The log-probability of the labels, [batch], and how probable each class is at each frame given the labels,
 * [batch, frames, classes]; `real` is one for frames within the length, [batch, frames, 1].
 */
function occupancies(
  logits: Tensor3D,
  inputLengths: Tensor1D,
  { classOfState, allowed, skipForward, skipBackward, start, end, last }: CtcPaths,
): { total: Tensor1D; occupancy: Tensor3D; real: Tensor3D } {
  const [batch, frames] = logits.shape;
  const states = classOfState.shape[1];
  const logProbabilities = tf.maximum(tf.logSoftmax(logits), EXCLUDED);
  // Exact: each sum has one term other than zero.
  const perState = tf.add(tf.matMul(logProbabilities, classOfState, false, true), tf.expandDims(allowed, 1));
  const within = tf.less(tf.range(0, frames, 1, 'int32'), tf.expandDims(inputLengths, 1)); // [batch, frames]
  // Both directions side by side: the second runs over reversed frames and reversed states, which is the same recursion.
  const steps = tf.unstack(
    tf.transpose(tf.concat([perState, tf.reverse(perState, [1, 2])], 0), [1, 0, 2]),
  ) as Tensor2D[];
  const realSteps = tf.unstack(
    tf.tile(tf.expandDims(tf.transpose(tf.concat([within, tf.reverse(within, [1])], 0)), 2), [1, 1, states]),
  ) as Tensor2D[];
  const skip = tf.concat([skipForward, tf.reverse(skipBackward, [1])], 0);
  let state = tf.concat([start, tf.reverse(end, [1])], 0) as Tensor2D;
  const all: Tensor2D[] = [];
  for (const [t, step] of steps.entries()) {
    const shifted = tf.pad(
      state,
      [
        [0, 0],
        [2, 0],
      ],
      EXCLUDED,
    );
    const fromBefore = tf.slice(shifted, [0, 1], [2 * batch, states]);
    const fromTwoBefore = tf.add(tf.slice(shifted, [0, 0], [2 * batch, states]), skip);
    const next = tf.add(tf.logSumExp(tf.stack([state, fromBefore, fromTwoBefore]), 0), step);
    state = tf.where(realSteps[t]!, next, state) as Tensor2D;
    all.push(state);
  }
  const stacked = tf.stack(all); // [frames, 2 batch, states]
  const [forward, backward] = tf.split(stacked, 2, 1) as [Tensor3D, Tensor3D];
  const finalStates = tf.slice(state, [0, 0], [batch, states]);
  const total = tf.logSumExp(tf.add(finalStates, last), 1) as Tensor1D;
  const both = tf.transpose(tf.add(forward, tf.reverse(backward, [0, 2])), [1, 0, 2]) as Tensor3D;
  // Both directions count the frame itself. What is forbidden would be a difference of huge numbers.
  const posterior = tf.exp(tf.sub(tf.sub(both, perState), tf.reshape(total, [batch, 1, 1])));
  const open = tf.broadcastTo(tf.expandDims(tf.greater(allowed, EXCLUDED / 2), 1), posterior.shape);
  const real = tf.cast(tf.expandDims(within, 2), 'float32') as Tensor3D;
  const inside = tf.mul(tf.where(open, posterior, tf.zerosLike(posterior)), real);
  return { total, occupancy: tf.matMul(inside, classOfState) as Tensor3D, real };
}
