import { assertKnownOptions, labelCodes, requireInteger, stopGradient, withoutGradient } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireIdentifiers } from '../internal/check-labels.js';
import { identityMask, keepWhere } from '../internal/masks.js';
import { requireThat, requireVector, shapeOf } from '../internal/validate.js';

/**
 * Which of the n x m combinations of rows of a and rows of b are positive and which are negative: two float32 matrices
 * [n, m] of 0 and 1. A combination that is neither is ignored. Miners return smaller pairs. Dispose with `tf.dispose`.
 */
export type Pairs = {
  positive: Tensor2D;
  negative: Tensor2D;
};

/** One label per row; a tensor where the labels change from step to step inside a compiled function. */
export type Labels = Tensor1D | readonly number[];

export interface PairsByIndexOptions {
  /** [rows]: 1 where a_i exists, 0 where that modality is missing. All exist by default. */
  presentA?: Tensor1D;
  /** [rows]: 1 where b_i exists. */
  presentB?: Tensor1D;
}

/**
 * Pairs by position: (i, i) is positive, (i, j) with j != i negative. A row whose modality is missing takes part in no pair.
 *
 * @param rows the batch size
 * @returns masks [rows, rows]
 * @throws CrossmodalError when rows is not a positive integer
 * @example
 * const pairs = pairsByIndex(2); // positive [[1, 0], [0, 1]], negative [[0, 1], [1, 0]]
 */
export function pairsByIndex(rows: number, { presentA, presentB, ...others }: PairsByIndexOptions = {}): Pairs {
  assertKnownOptions('pairsByIndex', others, ['presentA', 'presentB']);

  requireInteger('pairsByIndex: rows', rows);
  for (const [name, present] of Object.entries({ presentA, presentB })) {
    if (!present) continue;
    requireVector('pairsByIndex', name, present);
    requireThat(present.size === rows, 'pairsByIndex', () => `${name} must have ${rows} entries, got ${present.size}`);
  }
  return tf.tidy(() => {
    const positive = identityMask(rows, rows);
    const pairs = { positive, negative: tf.sub(1, positive) as Tensor2D };
    if (!presentA && !presentB) return pairs;
    const exists = tf.mul(
      tf.reshape(presentA ?? tf.ones([rows]), [rows, 1]),
      tf.reshape(presentB ?? tf.ones([rows]), [1, rows]),
    );
    return { positive: tf.mul(pairs.positive, exists), negative: tf.mul(pairs.negative, exists) };
  });
}

/**
 * Pairs by label, the semantic alignment of SupCon: rows with equal labels are positive, all others negative. With one
 * argument the pairs lie within one set and no row is paired with itself; with two they join a to b.
 *
 * Labels are integers, or a multi-hot matrix [rows, classes], where one shared class makes a positive. Arrays keep integers apart up to
 * 2^53; tensors as far as their kind goes, int32 to 2^31, float32 to 2^24.
 *
 * @param labels [n] for the rows of a
 * @param otherLabels [m] for the rows of b; omitted: the same set
 * @returns masks [n, m]
 * @throws CrossmodalError when the ranks or the numbers of classes differ, or labels are no integers or too large for their tensor
 * @see Khosla et al., 2020, Supervised Contrastive Learning, section 3.2
 * @example
 * const pairs = pairsByLabel([0, 0, 1]); // positive: (0,1) and (1,0)
 */
export function pairsByLabel(labels: Labels | Tensor2D, otherLabels?: Labels | Tensor2D): Pairs {
  const where = 'pairsByLabel';
  return tf.tidy(() => {
    const [mine, theirs] = labelTensors(where, labels, otherLabels);
    const positive = shared(mine, theirs ?? mine);
    const negative = tf.sub(1, positive) as Tensor2D;
    if (otherLabels !== undefined) return { positive, negative };
    const rows = positive.shape[0];
    return { positive: tf.mul(positive, tf.sub(1, identityMask(rows, rows))), negative };
  });
}

/** 1 where two rows share a label. */
function shared(mine: Tensor1D | Tensor2D, theirs: Tensor1D | Tensor2D): Tensor2D {
  requireThat(
    mine.rank === theirs.rank && mine.shape[1] === theirs.shape[1],
    'pairsByLabel',
    () =>
      `labels and otherLabels must both be [rows], or both [rows, classes], got ${shapeOf(mine)} and ${shapeOf(theirs)}`,
  );
  if (mine.rank === 2) {
    const counts = tf.matMul(tf.cast(mine as Tensor2D, 'float32'), tf.cast(theirs as Tensor2D, 'float32'), false, true);
    return tf.cast(tf.greater(counts, 0.5), 'float32') as Tensor2D;
  }
  const equal = (dtype: 'float32' | 'int32') =>
    tf.equal(tf.expandDims(tf.cast(mine, dtype), 1), tf.expandDims(tf.cast(theirs, dtype), 0));
  // Labels of two kinds must agree in both: int32 has no fractions, float32 merges large numbers.
  const same =
    mine.dtype === theirs.dtype ? equal(mine.dtype as 'int32') : tf.logicalAnd(equal('float32'), equal('int32'));
  return tf.cast(same, 'float32') as Tensor2D;
}

/** Both sides as tensors without gradient. Arrays become numbers of their own (see core's `labelCodes`), whatever their size. */
function labelTensors(
  where: string,
  labels: Labels | Tensor2D,
  otherLabels: Labels | Tensor2D | undefined,
): [Tensor1D | Tensor2D, (Tensor1D | Tensor2D)?] {
  if (isList(labels) && (otherLabels === undefined || isList(otherLabels))) {
    requireThat(labels.length > 0, where, () => 'labels must not be empty');
    requireThat(otherLabels?.length !== 0, where, () => 'otherLabels must not be empty');
    const lists: Record<string, readonly number[]> = otherLabels === undefined ? { labels } : { labels, otherLabels };
    const codes = labelCodes(where, lists);
    const tensor = (name: string) => tf.tensor1d(codes[name] as Int32Array, 'int32');
    return otherLabels === undefined ? [tensor('labels')] : [tensor('labels'), tensor('otherLabels')];
  }
  const mine = labelTensor(where, 'labels', labels);
  return otherLabels === undefined ? [mine] : [mine, labelTensor(where, 'otherLabels', otherLabels)];
}

function isList(labels: Labels | Tensor2D): labels is readonly number[] {
  return Array.isArray(labels);
}

/** One side, where the other one is a tensor. */
function labelTensor(where: string, name: string, labels: Labels | Tensor2D): Tensor1D | Tensor2D {
  if (isList(labels)) {
    requireThat(labels.length > 0, where, () => `${name} must not be empty`);
    labelCodes(where, { [name]: labels });
    const large = labels.find((label) => label !== (label | 0));
    requireThat(
      large === undefined,
      where,
      () => `${name} must fit into int32 beside a tensor of labels, got ${large}; pass both as arrays`,
    );
    return tf.tensor1d(labels as number[], 'int32');
  }
  const tensor = labels as Tensor1D | Tensor2D;
  requireThat(
    tensor.rank === 1 || tensor.rank === 2,
    where,
    () => `${name} must be [rows] or [rows, classes], got ${shapeOf(tensor)}`,
  );
  requireThat(tensor.size > 0, where, () => `${name} must not be empty, got ${shapeOf(tensor)}`);
  requireThat(
    tensor.dtype === 'int32' || tensor.dtype === 'float32' || tensor.dtype === 'bool',
    where,
    () => `${name} must be int32 or float32, got ${tensor.dtype}`,
  );
  if (tensor.rank === 1) requireIdentifiers(where, name, tensor);
  return stopGradient(tensor.dtype === 'bool' ? (tf.cast(tensor, 'int32') as Tensor1D) : tensor);
}

/** The pairs given, or those by index; checked against the n x m combinations that the caller has. */
export function resolvePairs(where: string, pairs: Pairs | undefined, rows: number, columns: number): Pairs {
  if (!pairs) {
    requireThat(
      rows === columns,
      where,
      () => `a and b must have equally many rows when no pairs are given, got ${rows} and ${columns}; pass pairs`,
    );
    return pairsByIndex(rows);
  }
  requirePairs(where, pairs, rows, columns);
  return pairs;
}

export function requirePairs(where: string, pairs: Pairs, rows: number, columns: number): void {
  for (const name of ['positive', 'negative'] as const) {
    const mask = pairs[name];
    requireThat(
      mask.rank === 2 && mask.shape[0] === rows && mask.shape[1] === columns && mask.dtype === 'float32',
      where,
      () => `pairs.${name} must be float32 [${rows},${columns}], got ${mask.dtype} ${shapeOf(mask)}`,
    );
  }
}

/** Pairs with the two sides exchanged. */
export function transposePairs({ positive, negative }: Pairs): Pairs {
  return { positive: tf.transpose(positive), negative: tf.transpose(negative) };
}

/**
 * Both sides with zeros in the rows that take part in no pair: placeholders of what is missing may hold anything, and NaN times a mask of
 * zero is NaN, in values and in gradients. Without pairs of the caller's own all rows take part.
 */
export function usedRows(where: string, pairs: Pairs | undefined, a: Tensor2D, b: Tensor2D): [Tensor2D, Tensor2D] {
  if (!pairs) return [a, b];
  requirePairs(where, pairs, a.shape[0], b.shape[0]);
  const taking = (axis: 0 | 1, x: Tensor2D) => {
    const used = withoutGradient(() => tf.max(tf.maximum(pairs.positive, pairs.negative), axis));
    return keepWhere(tf.broadcastTo(tf.expandDims(used, 1), x.shape), x, 0);
  };
  return [taking(1, a), taking(0, b)];
}
