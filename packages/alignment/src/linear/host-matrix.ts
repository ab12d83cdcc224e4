import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/**
 * The values of a tensor as a double-precision matrix on the host, where the closed forms are computed.
 *
 * @throws CrossmodalError when a value is not finite: the decompositions would not end
 */
export async function readMatrix(x: Tensor2D, argument: string): Promise<Matrix> {
  const [rows, columns] = x.shape;
  const values = await x.data();
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new CrossmodalError(`${argument} must be finite, got ${wrong}`);
  const matrix = Matrix.zeros(rows, columns);
  for (let i = 0, k = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix.set(i, j, values[k++] as number);
  return matrix;
}

/** A float32 tensor with the values of a host matrix. */
export function toTensor2d(matrix: Matrix): Tensor2D {
  return tf.tensor2d(Float32Array.from(matrix.to1DArray()), [matrix.rows, matrix.columns], 'float32');
}

/** A^T B in double precision, without the intermediate transpose. */
export function crossProduct(a: Matrix, b: Matrix): Matrix {
  const rows = a.columns;
  const columns = b.columns;
  const sum = new Float64Array(rows * columns);
  for (let n = 0; n < a.rows; n++) {
    const u = a.getRow(n);
    const v = Float64Array.from(b.getRow(n));
    for (let i = 0; i < rows; i++) {
      const weight = u[i] as number;
      if (weight === 0) continue;
      const offset = i * columns;
      for (let j = 0; j < columns; j++) sum[offset + j] = (sum[offset + j] as number) + weight * (v[j] as number);
    }
  }
  return Matrix.from1DArray(rows, columns, sum);
}

/** The column means, and the matrix without them. */
export function center(x: Matrix): { mean: number[]; centered: Matrix } {
  const mean = x.mean('column');
  return { mean, centered: x.clone().subRowVector(mean) };
}

/**
 * f(S) of a symmetric matrix V S V^T: V f(S) V^T. Eigenvalues that are zero up to rounding, relative to the largest,
 * are mapped to zero, so that `(s) => 1 / s` gives the pseudo-inverse.
 */
export function symmetricFunction(matrix: Matrix, f: (eigenvalue: number) => number): Matrix {
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  // The inputs are float32: eigenvalues of a Gram matrix below (2^-23)^2 of the largest carry no information.
  const floor = Math.max(...values, 0) * 2 ** -46 * matrix.rows;
  const scaled = vectors.clone().mulRowVector(values.map((value) => (value > floor ? f(value) : 0)));
  return scaled.mmul(vectors.transpose());
}
