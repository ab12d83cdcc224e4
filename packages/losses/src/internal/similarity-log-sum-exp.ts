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
 * With S = u v^T: log sum_j exp(S_ij) for each row and log sum_i exp(S_ij) for each column, without ever holding more than
 * one matrix of the size of S (in blocks of rows, kept for the backward pass), or with `blockRows` a few blocks only.
 *
 * @param u [n, dim]
 * @param v [m, dim]
 * @returns also the diagonal of S, where it has one (zeros where n > m)
 */
export function similarityLogSumExp(u: Tensor2D, v: Tensor2D, { blockRows }: SimilarityLogSumExpOptions = {}): LogSums {
  const [n, width] = u.shape;
  const ofBlock = blockRows === undefined ? keepingBlock : remakingBlock;
  const size = blockRows ?? (n * v.shape[0] <= ONE_PIECE ? n : Math.ceil(n / BLOCKS));
  if (size >= n) return ofBlock(u, v, 0);
  const blocks: LogSums[] = [];
  for (let start = 0; start < n; start += size) {
    blocks.push(ofBlock(tf.slice(u, [start, 0], [Math.min(size, n - start), width]), v, start));
  }
  const columns = tf.stack(blocks.map((block) => block.columns));
  return {
    rows: tf.concat(blocks.map((block) => block.rows)),
    columns: logSumExp<Tensor1D>(columns, 0),
    diagonal: tf.concat(blocks.map((block) => block.diagonal)),
  };
}

/** One block as ordinary operations: TensorFlow.js keeps the block until its gradient is made. */
function keepingBlock(u: Tensor2D, v: Tensor2D, firstColumn: number): LogSums {
  const similarities = tf.matMul(u, v, false, true) as Tensor2D;
  return {
    rows: logSumExp<Tensor1D>(similarities, 1),
    columns: logSumExp<Tensor1D>(similarities, 0),
    diagonal:
      firstColumn + u.shape[0] <= v.shape[0] ? diagonalEntries(similarities, firstColumn) : tf.zeros([u.shape[0]]),
  };
}

/**
 * One block that is forgotten and made again backwards. With dr and dc the incoming gradients of rows and columns, that of the block
 * is G = dr softmax over rows + dc softmax over columns, so du = G v and dv = G^T u.
 */
function remakingBlock(u: Tensor2D, v: Tensor2D, firstColumn: number): LogSums {
  const [n, m] = [u.shape[0], v.shape[0]];
  const operation = tf.customGrad((...inputs) => {
    const [x, y, save] = inputs as unknown as [Tensor2D, Tensor2D, (tensors: Tensor[]) => void];
    save([x, y]);
    const value = tf.tidy(() => {
      const { rows, columns, diagonal } = keepingBlock(x, y, firstColumn);
      return tf.concat([rows, columns, diagonal]);
    });
    const gradFunc = (dy: Tensor, saved: Tensor[]) => blockGradients(dy, saved[0] as Tensor2D, saved[1] as Tensor2D);
    return { value, gradFunc };
  });
  const all = operation(u, v) as Tensor1D;
  return {
    rows: tf.slice(all, [0], [n]),
    columns: tf.slice(all, [n], [m]),
    diagonal: stopGradient(tf.slice(all, [n + m], [n])),
  };
}

function blockGradients(dy: Tensor, u: Tensor2D, v: Tensor2D): Tensor[] {
  const [n, m] = [u.shape[0], v.shape[0]];
  return tf.tidy(() => {
    const gradient = tf.tidy(() => {
      const similarities = tf.matMul(u, v, false, true);
      const ofRows = scaledSoftmax(similarities, 1, tf.slice(dy, [0], [n]));
      return tf.add(ofRows, scaledSoftmax(similarities, 0, tf.slice(dy, [n], [m]))) as Tensor2D;
    });
    return [tf.matMul(gradient, v), tf.matMul(gradient, u, true, false)];
  });
}
