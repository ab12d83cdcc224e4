import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Matrix } from 'ml-matrix';
import { checkPairs, checkRegularisation } from './check-pairs.js';
import { center, crossProduct, readMatrix, symmetricFunction, toTensor2d } from './host-matrix.js';
import { type AffineMap, type LinearAlignment, linearAlignment } from './linear-alignment.js';

export interface LeastSquaresOptions {
  /**
   * Ridge: lambda of lambda ||W||_F^2.
   * @default 0
   */
  regularisation?: number;
  /**
   * Also fit a constant; it is not regularised.
   * @default true
   */
  intercept?: boolean;
}

/** `embedA` predicts the second representation from the first; `embedB` is the identity. */
export interface LeastSquaresAlignment extends LinearAlignment {
  /** W, [first dimension, second dimension]. */
  readonly weight: Tensor2D;
  /** ||a W + c - b||_F^2, c the intercept. */
  readonly residual: number;
}

/**
 * Linear least squares from one representation to the other, with ridge regularisation.
 *
 * W = argmin ||a W - b||_F^2 + lambda ||W||_F^2 = (a^T a + lambda I)^+ a^T b, of centred a and b when there is an intercept.
 * Without regularisation and with dependent columns, the solution of smallest norm. Computed on the host in double precision.
 *
 * @param a [pairs, first dimension]
 * @param b [pairs, second dimension]
 * @throws CrossmodalError when the numbers of rows differ or lambda is negative
 * @see Hoerl and Kennard (1970), equation 2.1
 *
 * @example
 * const alignment = await leastSquares(imageRows, textRows, { regularisation: 1 });
 */
export async function leastSquares(
  a: Tensor2D,
  b: Tensor2D,
  {
    regularisation = 0, // numpy.linalg.lstsq
    intercept = true, // scikit-learn's Ridge
    ...others
  }: LeastSquaresOptions = {},
): Promise<LeastSquaresAlignment> {
  assertKnownOptions('leastSquares', others, ['regularisation', 'intercept']);

  checkPairs('leastSquares', a, b);
  checkRegularisation('leastSquares', regularisation);
  const [rawA, rawB] = await Promise.all([readMatrix(a, 'leastSquares: a'), readMatrix(b, 'leastSquares: b')]);
  const centerA = center(rawA);
  const centerB = center(rawB);
  const x = intercept ? centerA.centered : rawA;
  const y = intercept ? centerB.centered : rawB;
  const gram = crossProduct(x, x).add(Matrix.eye(x.columns).mul(regularisation));
  const weight = symmetricFunction(gram, (value) => 1 / value).mmul(crossProduct(x, y));
  const residual = Matrix.sub(x.mmul(weight), y).norm('frobenius') ** 2;

  const weightTensor = toTensor2d(weight);
  const map: AffineMap = { weight: weightTensor };
  if (intercept) {
    map.mean = tf.tensor1d(centerA.mean);
    map.bias = tf.tensor1d(centerB.mean);
  }
  const alignment = linearAlignment('leastSquares', [x.columns, y.columns, y.columns], map, {});
  return { ...alignment, weight: weightTensor, residual };
}
