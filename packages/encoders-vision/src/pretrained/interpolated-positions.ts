import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { taps } from '../transform/taps.js';

/**
 * A table of positions of a grid for a grid of another size, by bicubic interpolation as torch has it (align_corners off).
 *
 * @param table [rows * columns, width]
 * @returns [to[0] * to[1], width]
 */
export function interpolatedPositions(
  table: Tensor,
  from: readonly [rows: number, columns: number],
  to: readonly [rows: number, columns: number],
  { antialias = false } = {},
): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return table;
  const width = table.shape[1] as number;
  const [alongRows, alongColumns] = [0, 1].map((axis) => bicubicMatrix(from[axis]!, to[axis]!, antialias)) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const rows = tf.matMul(alongRows, tf.reshape(table, [from[0], from[1] * width]) as tf.Tensor2D);
  const turned = tf.transpose(tf.reshape(rows, [to[0], from[1], width]), [1, 0, 2]);
  const columns = tf.matMul(alongColumns, tf.reshape(turned, [from[1], to[0] * width]) as tf.Tensor2D);
  return tf.reshape(tf.transpose(tf.reshape(columns, [to[1], to[0], width]), [1, 0, 2]), [to[0] * to[1], width]);
}

/** The matrix [to, from] of an interpolation along one axis. */
function bicubicMatrix(from: number, to: number, antialias: boolean): tf.Tensor2D {
  const matrix = new Float32Array(to * from);
  const { starts, weights } = taps(from, to, 'bicubic', antialias);
  weights.forEach((row, i) => {
    matrix.set(row, i * from + starts[i]!);
  });
  return tf.tensor2d(matrix, [to, from]);
}
