import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { identityMask } from '../internal/masks.js';
import { stopGradient } from '../internal/stop-gradient.js';
import { requireNumber, requireThat, requireVector, shapeOf } from '../internal/validate.js';

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
export function pairsByIndex(rows: number, { presentA, presentB }: PairsByIndexOptions = {}): Pairs {
  requireNumber('pairsByIndex', 'rows', rows, { minimum: 1, integer: true });
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
 * Labels are integers, or a multi-hot matrix [rows, classes], where one shared class makes a positive.
 *
 * @param labels [n] for the rows of a
 * @param otherLabels [m] for the rows of b; omitted: the same set
 * @returns masks [n, m]
 * @throws CrossmodalError when the ranks or the numbers of classes differ
 * @see Khosla et al., 2020, Supervised Contrastive Learning, section 3.2
 * @example
 * const pairs = pairsByLabel([0, 0, 1]); // positive: (0,1) and (1,0)
 */
export function pairsByLabel(labels: Labels | Tensor2D, otherLabels?: Labels | Tensor2D): Pairs {
  return tf.tidy(() => {
    const mine = labelTensor('pairsByLabel', 'labels', labels);
    const theirs = otherLabels === undefined ? mine : labelTensor('pairsByLabel', 'otherLabels', otherLabels);
    const positive = shared(mine, theirs);
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
  if (mine.rank === 1)
    return tf.cast(tf.equal(tf.expandDims(mine, 1), tf.expandDims(theirs, 0)), 'float32') as Tensor2D;
  return tf.cast(tf.greater(tf.matMul(mine as Tensor2D, theirs as Tensor2D, false, true), 0.5), 'float32') as Tensor2D;
}

/** Labels as a float32 tensor (exact for integers up to 2^24) without gradient. */
function labelTensor(where: string, name: string, labels: Labels | Tensor2D): Tensor1D | Tensor2D {
  if (Array.isArray(labels)) {
    requireThat(labels.length > 0, where, () => `${name} must not be empty`);
    return tf.tensor1d(labels as number[], 'float32');
  }
  const tensor = labels as Tensor1D | Tensor2D;
  requireThat(
    tensor.rank === 1 || tensor.rank === 2,
    where,
    () => `${name} must be [rows] or [rows, classes], got ${shapeOf(tensor)}`,
  );
  requireThat(tensor.size > 0, where, () => `${name} must not be empty, got ${shapeOf(tensor)}`);
  return stopGradient(tf.cast(tensor, 'float32') as Tensor1D | Tensor2D);
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
