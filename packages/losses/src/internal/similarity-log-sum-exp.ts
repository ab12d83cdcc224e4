import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { logSumExp, scaledSoftmax } from './log-sum-exp.js';
import { diagonalEntries } from './matched-entries.js';
import { stopGradient } from './stop-gradient.js';

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
      const [su, sv, logSums, ...kept] = saved as [Tensor2D, Tensor2D, Tensor1D, ...Tensor2D[]];
      return backward(dy, su, sv, logSums, size, kept);
    };
    return { value, gradFunc };
  });
  const all = operation(u, v) as Tensor1D;
  const [rows, peaks, logs, diagonal] = tf.split(all, [n, m, m, n]) as [Tensor1D, Tensor1D, Tensor1D, Tensor1D];
  return { rows, columns: tf.add(stopGradient(peaks), logs), diagonal: stopGradient(diagonal) };
}

/** The starts of blocks of `size` rows. */
function starts(rows: number, size: number): number[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => i * size);
}

function rowBlock(x: Tensor2D, start: number, size: number): Tensor2D {
  return tf.slice(x, [start, 0], [Math.min(size, x.shape[0] - start), x.shape[1]]);
}

/**
 * One vector [rows; peaks of columns; log sums of columns relative to their peaks; diagonal]. Peak and sum of a column stay apart,
 * because their sum has no room for the digits that its softmax needs.
 */
function forward(
  u: Tensor2D,
  v: Tensor2D,
  size: number,
  keepsBlocks: boolean,
): { value: Tensor1D; blocks: Tensor2D[] } {
  const [n, m] = [u.shape[0], v.shape[0]];
  const blocks: Tensor2D[] = [];
  const rows: Tensor[] = [];
  const diagonal: Tensor[] = [];
  const peaks: Tensor[] = [];
  const sums: Tensor[] = [];
  for (const start of starts(n, size)) {
    const similarities = tf.tidy(() => tf.matMul(rowBlock(u, start, size), v, false, true) as Tensor2D);
    rows.push(logSumExp(similarities, 1));
    diagonal.push(n <= m ? diagonalEntries(similarities, start) : tf.zeros([similarities.shape[0]]));
    const peak = tf.max(similarities, 0);
    peaks.push(peak);
    sums.push(tf.tidy(() => tf.sum(tf.exp(tf.sub(similarities, peak)), 0)));
    if (keepsBlocks) blocks.push(similarities);
    else similarities.dispose();
  }
  const value = tf.tidy(() => {
    const peak = tf.max(tf.stack(peaks), 0);
    const sum = tf.addN(sums.map((part, i) => tf.mul(part, tf.exp(tf.sub(peaks[i] as Tensor, peak)))));
    return tf.concat([...rows, peak, tf.log(sum), ...diagonal]) as Tensor1D;
  });
  return { value, blocks };
}

function backward(dy: Tensor, u: Tensor2D, v: Tensor2D, value: Tensor1D, size: number, kept: Tensor2D[]): Tensor[] {
  const [n, m] = [u.shape[0], v.shape[0]];
  return tf.tidy(() => {
    const peaks = tf.slice(value, [n], [m]);
    const columnScale = tf.div(tf.slice(dy, [n + m], [m]), tf.exp(tf.slice(value, [n + m], [m]))); // dc / sum
    const ofU: Tensor2D[] = [];
    let ofV: Tensor2D = tf.zerosLike(v);
    for (const [index, start] of starts(n, size).entries()) {
      const [blockOfU, nextOfV] = tf.tidy(() => {
        const x = rowBlock(u, start, size);
        const gradient = tf.tidy(() => {
          const similarities = kept[index] ?? (tf.matMul(x, v, false, true) as Tensor2D);
          const ofColumns = tf.tidy(() => tf.mul(tf.exp(tf.sub(similarities, peaks)), columnScale));
          const rowDy = tf.slice(dy, [start], [x.shape[0]]);
          return tf.add(ofColumns, scaledSoftmax(similarities, 1, rowDy)) as Tensor2D;
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
