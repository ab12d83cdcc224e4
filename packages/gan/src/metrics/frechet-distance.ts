import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Matrix } from 'ml-matrix';
import {
  Breather,
  choleskyFactor,
  type Dense,
  symmetricEigenvalues,
  timesTransposed,
  transposed,
} from './dense-algebra.js';
import { featurePair } from './feature-rows.js';

/**
 * Frechet distance between Gaussians fitted to two sets of features: FID, when the features are those of an Inception
 * network; with other features it is a number of its own, so state the extractor beside it.
 *
 * d^2 = ||m_x - m_y||^2 + tr C_x + tr C_y - 2 tr (C_x C_y)^{1/2}, with unbiased covariances.
 *
 * The last trace is computed in double precision as the sum of the singular values of K = F_x F_y^T, where C = F^T F; this holds for fewer
 * rows than dimensions too, where the matrix square root is ill-conditioned. They are the roots of the eigenvalues of K K^T. For 2,048
 * dimensions these are some 70 billion operations, during which timers and requests go on.
 *
 * @param real [rows, dimension], features of real samples
 * @param generated [rows, dimension], features of generated samples
 * @returns the squared distance, zero or more; biased upwards for few rows, so compare equal row counts only
 * @throws CrossmodalError for fewer than two rows, other ranks, unequal dimensions, values that are not finite
 * @see Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium (2017), eq. 6
 * @example
 * const fid = await frechetDistance(classifierFeatures(test), classifierFeatures(samples));
 */
export async function frechetDistance(real: Tensor2D, generated: Tensor2D): Promise<number> {
  const [x, y] = await featurePair('frechetDistance', ['real', real], ['generated', generated]);
  const breather = new Breather();
  const first = await gaussianOf(x, breather);
  const second = await gaussianOf(y, breather);
  const meanDistance = first.mean.reduce((sum, m, d) => sum + (m - (second.mean[d] as number)) ** 2, 0);
  const [few, many] = first.factor.rows <= second.factor.rows ? [first, second] : [second, first];
  const cross = await timesTransposed(few.factor, many.factor, breather);
  const squares = await symmetricEigenvalues(await timesTransposed(cross, cross, breather), breather);
  const nuclear = squares.reduce((sum, square) => sum + Math.sqrt(Math.max(0, square)), 0);
  return Math.max(0, meanDistance + first.trace + second.trace - 2 * nuclear);
}

/** Mean, a factor F of the unbiased covariance F^T F, and its trace. */
async function gaussianOf(rows: Matrix, breather: Breather): Promise<{ mean: number[]; factor: Dense; trace: number }> {
  const mean = rows.mean('column');
  const scale = 1 / Math.sqrt(rows.rows - 1);
  const data = new Float64Array(rows.rows * rows.columns);
  let trace = 0;
  for (let i = 0, at = 0; i < rows.rows; i++) {
    for (let j = 0; j < rows.columns; j++, at++) {
      const value = (rows.get(i, j) - (mean[j] as number)) * scale;
      data[at] = value;
      trace += value * value;
    }
    await breather.pause();
  }
  const centred: Dense = { data, rows: rows.rows, columns: rows.columns };
  if (rows.rows <= rows.columns) return { mean, factor: centred, trace };
  const columns = transposed(centred);
  return { mean, factor: await choleskyFactor(await timesTransposed(columns, columns, breather), breather), trace };
}
