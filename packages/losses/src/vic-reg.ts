import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { identityMask } from './internal/masks.js';
import { centre, covariance, offDiagonalSquares } from './internal/moments.js';
import { requireNumber, requirePaired } from './internal/validate.js';

export interface VicRegOptions {
  /**
   * Weight lambda of the mean squared difference.
   * @default 25
   */
  invariance?: number;
  /**
   * Weight mu of the hinge on each dimension's standard deviation.
   * @default 25
   */
  variance?: number;
  /**
   * Weight nu of the off-diagonal covariances.
   * @default 1
   */
  covariance?: number;
  /**
   * Added to variances before the root.
   * @default 1e-4
   */
  epsilon?: number;
}

/**
 * VICReg: matched rows equal, every dimension alive, no two dimensions alike; no negatives needed.
 *
 * L = lambda mean (a - b)^2 + mu 1/2 [var(a) + var(b)] + nu [cov(a) + cov(b)],
 * var(x) = mean_d max(0, 1 - sqrt(Var_d + epsilon)) with the unbiased variance, cov(x) = sum_{i != j} C_ij^2 / D.
 *
 * The variance term is halved, as in the authors' code and lightly; pytorch-metric-learning sums it unhalved (pass
 * `variance: 50` for its value). One row has variance 0.
 *
 * @param a [batch, dim], float32, not normalised
 * @param b [batch, dim], float32
 * @throws CrossmodalError when shapes or options do not fit
 * @see Bardes et al., 2022, VICReg, eq. 1 to 6
 * @example
 * const loss = vicReg(imageEmbeddings, textEmbeddings);
 */
export function vicReg(
  a: Tensor2D,
  b: Tensor2D,
  {
    invariance = 25, // the paper
    variance = 25, // the paper
    covariance: covarianceWeight = 1, // the paper
    epsilon = 1e-4, // the paper
    ...others
  }: VicRegOptions = {},
): Scalar {
  assertKnownOptions('vicReg', others, ['invariance', 'variance', 'covariance', 'epsilon']);

  const where = 'vicReg';
  requirePaired(where, a, b);
  requireNumber(where, 'invariance', invariance, { minimum: 0 });
  requireNumber(where, 'variance', variance, { minimum: 0 });
  requireNumber(where, 'covariance', covarianceWeight, { minimum: 0 });
  requireNumber(where, 'epsilon', epsilon, { minimum: 0, open: true });
  return tf.tidy(() => {
    const [rows, width] = a.shape;
    const diagonal = identityMask(width, width);
    const spread = (x: Tensor2D) => {
      const variances = tf.div(tf.sum(tf.square(centre(x)), 0), Math.max(rows - 1, 1));
      return tf.mean(tf.relu(tf.sub(1, tf.sqrt(tf.add(variances, epsilon)))));
    };
    const redundancy = (x: Tensor2D) => tf.div(offDiagonalSquares(covariance(x), diagonal), width);
    const terms = [
      tf.mul(invariance, tf.mean(tf.square(tf.sub(a, b)))),
      tf.mul(variance / 2, tf.add(spread(a), spread(b))),
      tf.mul(covarianceWeight, tf.add(redundancy(a), redundancy(b))),
    ];
    return tf.addN(terms) as Scalar;
  });
}
