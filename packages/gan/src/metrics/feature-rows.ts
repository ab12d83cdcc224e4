import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';

/** Reads a feature tensor [rows, dimension] into a matrix of doubles; refuses NaN and infinities. */
export async function featureRows(caller: string, name: string, features: Tensor2D, least = 2): Promise<Matrix> {
  if (features.rank !== 2 || features.shape[0] < least || features.shape[1] < 1) {
    throw new CrossmodalError(
      `${caller}: ${name} must be features [rows, dimension] with at least ${least} rows, got [${features.shape}]`,
    );
  }
  const [rows, columns] = features.shape;
  const values = await features.data();
  const matrix = new Matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = values[i * columns + j] as number;
      if (!Number.isFinite(value)) {
        throw new CrossmodalError(`${caller}: ${name} must be finite, got ${value} in row ${i}, column ${j}`);
      }
      matrix.set(i, j, value);
    }
  }
  return matrix;
}

/** Both feature sets of a comparison, of equal dimension. */
export async function featurePair(
  caller: string,
  [firstName, first]: [string, Tensor2D],
  [secondName, second]: [string, Tensor2D],
  least = 2,
): Promise<[Matrix, Matrix]> {
  if (first.shape[1] !== second.shape[1]) {
    throw new CrossmodalError(
      `${caller}: ${firstName} and ${secondName} must have features of one dimension, got [${first.shape}] and [${second.shape}]`,
    );
  }
  return [await featureRows(caller, firstName, first, least), await featureRows(caller, secondName, second, least)];
}

/** Euclidean distances of every row of `a` to every row of `b`, computed by differences: exact zero for equal rows. */
export function pairwiseDistances(a: Matrix, b: Matrix): Float64Array[] {
  const left = a.to2DArray();
  const right = b.to2DArray();
  return left.map((row) => {
    const out = new Float64Array(right.length);
    for (let j = 0; j < right.length; j++) {
      const other = right[j] as number[];
      let sum = 0;
      for (let d = 0; d < row.length; d++) {
        const difference = (row[d] as number) - (other[d] as number);
        sum += difference * difference;
      }
      out[j] = Math.sqrt(sum);
    }
    return out;
  });
}
