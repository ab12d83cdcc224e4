import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { checkPairs, checkRegularisation } from './check-pairs.js';
import { center, crossProduct, readMatrix, symmetricFunction, toTensor2d } from './host-matrix.js';
import { type LinearAlignment, linearAlignment } from './linear-alignment.js';

export interface CanonicalCorrelationOptions {
  /** Number of canonical pairs to keep; all by default. */
  dimension?: number;
  /**
   * Added to the diagonals of both covariances, or one number for each.
   * @default 0
   */
  regularisation?: number | readonly [a: number, b: number];
}

/** `embedA` and `embedB` give the canonical variates. */
export interface CanonicalCorrelationAlignment extends LinearAlignment {
  /** [dimension], descending; of the regularised problem. */
  readonly correlations: Tensor1D;
  /** [first dimension, dimension] */
  readonly weightsA: Tensor2D;
  /** [second dimension, dimension] */
  readonly weightsB: Tensor2D;
}

/** Per column +1 or -1, so that the entry of largest magnitude becomes positive. */
function signs(matrix: Matrix): number[] {
  return Array.from({ length: matrix.columns }, (_, j) => {
    let largest = 0;
    for (let i = 0; i < matrix.rows; i++) {
      const value = matrix.get(i, j);
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    return largest < 0 ? -1 : 1;
  });
}

/**
 * Canonical correlation analysis: the linear maps whose paired outputs correlate most, each output uncorrelated with the
 * others.
 *
 * C_aa = a^T a / (n - 1) + reg I (a centred), C_bb alike, C_ab = a^T b / (n - 1); U S V^T = svd(C_aa^-1/2 C_ab C_bb^-1/2);
 * correlations S, weights C_aa^-1/2 U and C_bb^-1/2 V, symmetric roots. In each column of the first weights the entry of
 * largest magnitude is positive. Computed on the host in double precision.
 *
 * @param a [pairs, first dimension]
 * @param b [pairs, second dimension]
 * @throws CrossmodalError when there are fewer than two pairs, or `dimension` exceeds the smaller representation
 * @see Hotelling (1936); Vinod (1976) for the regularised form
 *
 * @example
 * const alignment = await canonicalCorrelation(imageRows, textRows, { dimension: 7, regularisation: 1e-3 });
 */
export async function canonicalCorrelation(
  a: Tensor2D,
  b: Tensor2D,
  { dimension, regularisation = 0, ...others /* Hotelling */ }: CanonicalCorrelationOptions = {},
): Promise<CanonicalCorrelationAlignment> {
  assertKnownOptions('canonicalCorrelation', others, ['dimension', 'regularisation']);

  checkPairs('canonicalCorrelation', a, b);
  const [pairs, columnsA] = a.shape;
  const columnsB = b.shape[1];
  const most = Math.min(columnsA, columnsB);
  const kept = dimension ?? most;
  requireInteger('canonicalCorrelation: dimension', kept, 1, most);
  if (pairs < 2) throw new CrossmodalError(`canonicalCorrelation: there must be at least two pairs, got ${pairs}`);
  const [regularisationA, regularisationB] =
    typeof regularisation === 'number' ? ([regularisation, regularisation] as const) : regularisation;
  checkRegularisation('canonicalCorrelation', regularisationA);
  checkRegularisation('canonicalCorrelation', regularisationB);

  const [rawA, rawB] = await Promise.all([
    readMatrix(a, 'canonicalCorrelation: a'),
    readMatrix(b, 'canonicalCorrelation: b'),
  ]);
  const x = center(rawA);
  const y = center(rawB);
  const covariance = (u: Matrix, v: Matrix) => crossProduct(u, v).div(pairs - 1);
  const whitener = (u: Matrix, amount: number) =>
    symmetricFunction(covariance(u, u).add(Matrix.eye(u.columns).mul(amount)), (value) => 1 / Math.sqrt(value));
  const whitenA = whitener(x.centered, regularisationA);
  const whitenB = whitener(y.centered, regularisationB);
  const coherence = whitenA.mmul(covariance(x.centered, y.centered)).mmul(whitenB);
  const {
    leftSingularVectors: u,
    rightSingularVectors: v,
    diagonal,
  } = new SingularValueDecomposition(coherence, { autoTranspose: true });
  const leftA = whitenA.mmul(u.subMatrix(0, columnsA - 1, 0, kept - 1));
  const leftB = whitenB.mmul(v.subMatrix(0, columnsB - 1, 0, kept - 1));
  const sign = signs(leftA);

  const weightsA = toTensor2d(leftA.mulRowVector(sign));
  const weightsB = toTensor2d(leftB.mulRowVector(sign));
  const correlations = tf.tensor1d(diagonal.slice(0, kept));
  const alignment = linearAlignment(
    'canonicalCorrelation',
    [columnsA, columnsB, kept],
    { weight: weightsA, mean: tf.tensor1d(x.mean) },
    { weight: weightsB, mean: tf.tensor1d(y.mean) },
  );
  return {
    ...alignment,
    correlations,
    weightsA,
    weightsB,
    dispose() {
      correlations.dispose();
      alignment.dispose();
    },
  };
}
