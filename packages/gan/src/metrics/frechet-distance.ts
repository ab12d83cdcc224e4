import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { featurePair } from './feature-rows.js';

/**
 * Frechet distance between Gaussians fitted to two sets of features: FID, when the features are those of an Inception
 * network; with other features it is a number of its own, so state the extractor beside it.
 *
 * d^2 = ||m_x - m_y||^2 + tr C_x + tr C_y - 2 tr (C_x C_y)^{1/2}, with unbiased covariances.
 *
 * The last trace is computed in double precision as the sum of the singular values of F_x F_y^T, where C = F^T F; this
 * holds for fewer rows than dimensions too, where the matrix square root is ill-conditioned.
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
  const first = gaussianOf(x);
  const second = gaussianOf(y);
  const meanDistance = first.mean.reduce((sum, m, d) => sum + (m - (second.mean[d] as number)) ** 2, 0);
  const cross = first.factor.mmul(second.factor.transpose());
  const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false, autoTranspose: true };
  const nuclear = new SingularValueDecomposition(cross, options).diagonal.reduce((sum, value) => sum + value, 0);
  return Math.max(0, meanDistance + first.trace + second.trace - 2 * nuclear);
}

/** Mean, a factor F of the unbiased covariance F^T F, and its trace. */
function gaussianOf(rows: Matrix): { mean: number[]; factor: Matrix; trace: number } {
  const mean = rows.mean('column');
  const centred = rows
    .clone()
    .subRowVector(mean)
    .div(Math.sqrt(rows.rows - 1));
  const trace = centred.dot(centred);
  const factor = rows.rows > rows.columns ? new QrDecomposition(centred).upperTriangularMatrix : centred;
  return { mean, factor, trace };
}
