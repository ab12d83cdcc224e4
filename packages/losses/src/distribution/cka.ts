import { assertKnownOptions } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { centre } from '../internal/moments.js';
import { safeSqrt } from '../internal/safe-sqrt.js';
import { doublyCentred, requireSameRows } from './hsic.js';
import { centredKernel, type Kernel } from './kernels.js';

export interface CkaOptions {
  /** A kernel for both sides; by default linear, computed without any n x n matrix. */
  kernel?: Kernel;
}

/**
 * Centred kernel alignment: how similar two representations of the same n items are, from 0 to 1, whatever their widths, rotation and
 * scale. A similarity: maximise it, or minimise 1 - CKA.
 *
 * CKA = HSIC(x, y) / sqrt(HSIC(x, x) HSIC(y, y)); linear: || Y^T X ||_F^2 / ( || X^T X ||_F || Y^T Y ||_F ), columns centred.
 * 0 when x or y is constant.
 *
 * @param x [n, dimX], float32
 * @param y [n, dimY], float32
 * @throws CrossmodalError when the numbers of rows differ
 * @see Kornblith et al., 2019, Similarity of Neural Network Representations Revisited, section 3
 * @example
 * const similarity = cka(imageFeatures, textFeatures);
 */
export function cka(x: Tensor2D, y: Tensor2D, { kernel, ...others }: CkaOptions = {}): Scalar {
  assertKnownOptions('cka', others, ['kernel']);

  requireSameRows('cka', x, y);
  return tf.tidy(() => {
    const [p, q] = [centred(x, kernel), centred(y, kernel)];
    const product = kernel ? inner : crossSquares;
    const [normOfX, normOfY] = [safeSqrt(product(p, p)), safeSqrt(product(q, q))];
    const floor = kernel ? ROUNDING : ROUNDING * ROUNDING;
    const varies = tf.mul(tf.step(tf.sub(normOfX, floor)), tf.step(tf.sub(normOfY, floor))); // 0 when x or y is constant
    const ratio = tf.div(tf.div(product(p, q), tf.maximum(normOfX, floor)), tf.maximum(normOfY, floor));
    return tf.mul(varies, ratio) as Scalar;
  });
}

/** What centring a constant matrix of norm 1 can leave in float32, with room. */
const ROUNDING = 3e-7;

/** The centred features, or the doubly centred kernel matrix, of a matrix scaled to norm 1 before centring. */
function centred(x: Tensor2D, kernel: Kernel | undefined): Tensor2D {
  const unit = (matrix: Tensor2D) => tf.reshape(l2Normalize(tf.reshape(matrix, [-1])), matrix.shape) as Tensor2D;
  return kernel ? doublyCentred(unit(centredKernel(kernel, x))) : centre(unit(x));
}

function inner(k: Tensor2D, l: Tensor2D): Scalar {
  return tf.sum(tf.mul(k, l)) as Scalar;
}

/** || p^T q ||_F^2 = trace of the product of the linear kernels. */
function crossSquares(p: Tensor2D, q: Tensor2D): Scalar {
  return tf.sum(tf.square(tf.matMul(p, q, true, false))) as Scalar;
}
