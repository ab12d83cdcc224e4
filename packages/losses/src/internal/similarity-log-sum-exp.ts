import { stopGradient } from '@crossmodal/core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { diagonalEntries } from './matched-entries.js';

/** Matrices up to this many entries (4 MB) are handled in one piece. */
const ONE_PIECE = 2 ** 20;
/** Larger ones in this many blocks of rows, so that the temporaries of a block are small beside the matrix. */
const BLOCKS = 8;

export interface SimilarityLogSumExpOptions {
  /** Rows of the matrix at a time; given, the blocks are thrown away and made again in the backward pass. */
  blockRows?: number;
}

/** Log sum exp over the rows [n] and over the columns [m] of a matrix [n, m], and its diagonal [n], the latter without gradient. */
type LogSums = { rows: Tensor1D; columns: Tensor1D; diagonal: Tensor1D };

/**
 * With S = u v^T: log sum_j exp(S_ij) for each row and log sum_i exp(S_ij) for each column, without ever holding more than one matrix of
 * the size of S (in blocks of rows, kept for the backward pass), or with `blockRows` a few blocks only.
 *
 * The gradient is written by hand, block by block: with dr and dc the incoming gradients of rows and columns,
 * G = dr softmax over rows + dc softmax over columns, du = G v, dv = G^T u. (TensorFlow.js would hold the gradient of every block until
 * the end of the backward pass.)
 *
 * @param u [n, dim]
 * @param v [m, dim]
 * @returns also the diagonal of S, where it has one (zeros where n > m)
 */
export function similarityLogSumExp(u: Tensor2D, v: Tensor2D, { blockRows }: SimilarityLogSumExpOptions = {}): LogSums {
  const [n, m] = [u.shape[0], v.shape[0]];
  const keepsBlocks = blockRows === undefined;
  const size = blockRows ?? (n * m <= ONE_PIECE ? n : Math.ceil(n / BLOCKS));
  const operation = tf.customGrad((...inputs) => {
    const [x, y, save] = inputs as unknown as [Tensor2D, Tensor2D, (tensors: Tensor[]) => void];
    const { value, blocks } = forward(x, y, size, keepsBlocks);
    save([x, y, value, ...blocks]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [su, sv, parts, ...kept] = saved as [Tensor2D, Tensor2D, Tensor1D, ...Tensor2D[]];
      return backward(dy as Tensor1D, su, sv, parts, size, kept);
    };
    return { value, gradFunc };
  });
  const { rowPeaks, rowLogs, columnPeaks, columnLogs, diagonal } = unpack(operation(u, v) as Tensor1D, n, m);
  return {
    rows: tf.add(stopGradient(rowPeaks), rowLogs),
    columns: tf.add(stopGradient(columnPeaks), columnLogs),
    diagonal: stopGradient(diagonal),
  };
}

/**
 * The parts of the operation's one output. A log sum is kept as the largest term and the log of the sum relative to it: added up, a
 * large peak would leave no room for the digits that a softmax needs.
 */
function unpack(all: Tensor1D, n: number, m: number) {
  const [rowPeaks, rowLogs, columnPeaks, columnLogs, diagonal] = tf.split(all, [n, n, m, m, n]);
  return { rowPeaks, rowLogs, columnPeaks, columnLogs, diagonal } as Record<
    'rowPeaks' | 'rowLogs' | 'columnPeaks' | 'columnLogs' | 'diagonal',
    Tensor1D
  >;
}

/** Starts and numbers of rows of the blocks. */
function blocksOf(rows: number, size: number): [start: number, count: number][] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [i * size, Math.min(size, rows - i * size)]);
}

function forward(
  u: Tensor2D,
  v: Tensor2D,
  size: number,
  keepsBlocks: boolean,
): { value: Tensor1D; blocks: Tensor2D[] } {
  const [n, m] = [u.shape[0], v.shape[0]];
  const blocks: Tensor2D[] = [];
  const rowPeaks: Tensor[] = [];
  const rowLogs: Tensor[] = [];
  const columnPeaks: Tensor[] = [];
  const columnSums: Tensor[] = [];
  const diagonal: Tensor[] = [];
  let last: Tensor[] = [];
  for (const [start, count] of blocksOf(n, size)) {
    const similarities = tf.tidy(() => {
      const x = tf.slice(u, [start, 0], [count, -1]);
      return tf.matMul(tf.add(x, onceKnown(last)), v, false, true) as Tensor2D;
    });
    const sumExp = (peaks: Tensor, axis: number) =>
      tf.tidy(() => tf.sum(tf.exp(tf.sub(similarities, tf.expandDims(peaks, axis))), axis));
    const [rowPeak, columnPeak] = [tf.max(similarities, 1), tf.max(similarities, 0)];
    rowPeaks.push(rowPeak);
    rowLogs.push(tf.tidy(() => tf.log(sumExp(rowPeak, 1))));
    columnPeaks.push(columnPeak);
    columnSums.push(sumExp(columnPeak, 0));
    diagonal.push(n <= m ? diagonalEntries(similarities, start) : tf.zeros([count]));
    last = [rowLogs, columnSums, diagonal].map((parts) => parts.at(-1) as Tensor);
    if (keepsBlocks) blocks.push(similarities);
    else similarities.dispose();
  }
  const value = tf.tidy(() => {
    const peak = tf.max(tf.stack(columnPeaks), 0);
    const sum = tf.addN(columnSums.map((part, i) => tf.mul(part, tf.exp(tf.sub(columnPeaks[i] as Tensor, peak)))));
    return tf.concat([...rowPeaks, ...rowLogs, peak, tf.log(sum), ...diagonal]) as Tensor1D;
  });
  return { value, blocks };
}

function backward(dy: Tensor1D, u: Tensor2D, v: Tensor2D, value: Tensor1D, size: number, kept: Tensor2D[]): Tensor[] {
  const [n, m] = [u.shape[0], v.shape[0]];
  return tf.tidy(() => {
    const { rowPeaks, rowLogs, columnPeaks, columnLogs } = unpack(value, n, m);
    const incoming = unpack(dy, n, m);
    const rowScales = tf.div(incoming.rowLogs, tf.exp(rowLogs)); // dr / sum
    const columnScales = tf.div(incoming.columnLogs, tf.exp(columnLogs)); // dc / sum
    const ofU: Tensor2D[] = [];
    let ofV: Tensor2D = tf.zerosLike(v);
    for (const [index, [start, count]] of blocksOf(n, size).entries()) {
      const [blockOfU, nextOfV] = tf.tidy(() => {
        const now = onceKnown(index === 0 ? [dy] : [ofV, ofU[index - 1] as Tensor]);
        const x = tf.slice(u, [start, 0], [count, -1]);
        const gradient = tf.tidy(() => {
          const similarities = kept[index] ?? (tf.matMul(tf.add(x, now), v, false, true) as Tensor2D);
          const softmax = (peaks: Tensor, scales: Tensor) =>
            tf.tidy(() => tf.mul(tf.exp(tf.sub(similarities, tf.add(peaks, now))), scales));
          const ofThese = (perRow: Tensor) => tf.expandDims(tf.slice(perRow, [start], [count]), 1);
          return tf.add(softmax(columnPeaks, columnScales), softmax(ofThese(rowPeaks), ofThese(rowScales))) as Tensor2D;
        });
        return [tf.matMul(gradient, v), tf.add(ofV, tf.matMul(gradient, x, true, false))] as [Tensor2D, Tensor2D];
      });
      ofV.dispose();
      ofU.push(blockOfU);
      ofV = nextOfV;
    }
    return [tf.concat(ofU, 0), ofV];
  });
}

/**
 * 0, but not before other tensors are known. Added to the input of a block, it makes a compiled graph take the blocks in turn, where it
 * would otherwise hold all of them at once, and keeps it from recognising the blocks of the backward pass as those of the forward pass.
 */
function onceKnown(others: Tensor[]): Tensor {
  if (others.length === 0) return tf.zeros([1]);
  const first = others.map((other) => tf.slice(tf.reshape(other, [-1]), [0], [1]));
  return tf.mul(0, tf.addN(first));
}
