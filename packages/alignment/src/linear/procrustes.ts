import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { determinant, Matrix, SingularValueDecomposition } from 'ml-matrix';
import { checkPairs } from './check-pairs.js';
import { center, crossProduct, readMatrix, toTensor2d } from './host-matrix.js';
import { type AffineMap, type LinearAlignment, linearAlignment } from './linear-alignment.js';

export interface ProcrustesOptions {
  /**
   * Subtract the column means first.
   * @default false
   */
  centered?: boolean;
  /**
   * Also stretch a by the best single factor.
   * @default false
   */
  scaled?: boolean;
  /**
   * Allow mirror images; otherwise det R = +1 (Kabsch).
   * @default true
   */
  reflections?: boolean;
}

/** `embedA` rotates the first representation onto the second; `embedB` leaves the second where it is (but for its mean). */
export interface ProcrustesAlignment extends LinearAlignment {
  /** R, [dim, dim], orthogonal. */
  readonly rotation: Tensor2D;
  /** The factor s that minimises ||s a R - b||: nuclear / ||a||^2. Applied only when `scaled`. */
  readonly scale: number;
  /** ||s a R - b||_F^2 after alignment, with s = 1 unless `scaled`. */
  readonly residual: number;
  /** tr(R^T a^T b), the sum of the singular values of a^T b when reflections are allowed. */
  readonly nuclear: number;
}

/** R = U V^T of M = U S V^T, the orthogonal matrix nearest to M, and tr(R^T M). */
export function nearestRotation(m: Matrix, reflections: boolean): { rotation: Matrix; nuclear: number } {
  const {
    leftSingularVectors: u,
    rightSingularVectors: v,
    diagonal,
  } = new SingularValueDecomposition(m, { autoTranspose: true });
  const signs = diagonal.map(() => 1);
  // ml-matrix sorts singular values downwards: the last direction is the cheapest to mirror.
  if (!reflections && determinant(u) * determinant(v) < 0) signs[signs.length - 1] = -1;
  const rotation = u.clone().mulRowVector(signs).mmul(v.transpose());
  return { rotation, nuclear: diagonal.reduce((sum, value, i) => sum + value * (signs[i] as number), 0) };
}

/**
 * Orthogonal Procrustes: the rotation that makes paired rows coincide as nearly as possible.
 *
 * R = argmin_{R^T R = I} ||a R - b||_F = U V^T, where U S V^T is the singular value decomposition of a^T b.
 * Computed on the host in double precision.
 *
 * @param a [pairs, dim]
 * @param b [pairs, dim]
 * @throws CrossmodalError when the shapes differ
 * @see Schonemann (1966), equation 2.3; Kabsch (1976) for rotations without mirror images
 *
 * @example
 * const alignment = await procrustes(imageRows, textRows, { centered: true });
 * const inTextSpace = alignment.embedA(newImageRows);
 */
export async function procrustes(
  a: Tensor2D,
  b: Tensor2D,
  {
    centered = false, // scipy.linalg.orthogonal_procrustes
    scaled = false, // scipy
    reflections = true, // Schonemann
    ...others
  }: ProcrustesOptions = {},
): Promise<ProcrustesAlignment> {
  assertKnownOptions('procrustes', others, ['centered', 'scaled', 'reflections']);

  checkPairs('procrustes', a, b);
  const dimension = a.shape[1];
  if (b.shape[1] !== dimension) {
    throw new CrossmodalError(
      `procrustes: a and b must have equally many columns, got ${dimension} and ${b.shape[1]}`,
      {
        remedy: 'use leastSquares or canonicalCorrelation for representations of different sizes',
      },
    );
  }
  const [rawA, rawB] = await Promise.all([readMatrix(a, 'procrustes: a'), readMatrix(b, 'procrustes: b')]);
  const centerA = center(rawA);
  const centerB = center(rawB);
  const x = centered ? centerA.centered : rawA;
  const y = centered ? centerB.centered : rawB;
  const { rotation, nuclear } = nearestRotation(crossProduct(x, y), reflections);
  const squaredNorm = x.norm('frobenius') ** 2;
  const scale = squaredNorm > 0 ? nuclear / squaredNorm : 1;
  const applied = scaled ? scale : 1;
  const residual = Matrix.sub(x.mmul(rotation).mul(applied), y).norm('frobenius') ** 2;

  const mapA: AffineMap = { weight: toTensor2d(Matrix.mul(rotation, applied)) };
  const mapB: AffineMap = {};
  if (centered) {
    mapA.mean = tf.tensor1d(centerA.mean);
    mapB.mean = tf.tensor1d(centerB.mean);
  }
  const rotationTensor = toTensor2d(rotation);
  const alignment = linearAlignment('procrustes', [dimension, dimension, dimension], mapA, mapB);
  return {
    ...alignment,
    rotation: rotationTensor,
    scale,
    residual,
    nuclear,
    dispose() {
      rotationTensor.dispose();
      alignment.dispose();
    },
  };
}
