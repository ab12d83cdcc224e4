import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { covariance } from '../internal/moments.js';
import { requireSameWidth } from '../internal/validate.js';

export interface CoralOptions {
  /**
   * Also compare means, and divide by d^2 instead of 4 d^2, as tllib and DomainBed do.
   * @default false
   */
  means?: boolean;
}

/**
 * Deep CORAL: the distance between the covariances of two samples.
 *
 * L = || C(x) - C(y) ||_F^2 / (4 d^2), C the unbiased covariance of the columns (zero for a single row). With `means`:
 * L = mean_d (mean(x) - mean(y))^2 + || C(x) - C(y) ||_F^2 / d^2, the form of tllib and DomainBed.
 *
 * @param x [n, dim], float32
 * @param y [m, dim], float32
 * @throws CrossmodalError when the widths differ
 * @see Sun and Saenko, 2016, Deep CORAL, eq. 1
 * @example
 * const gap = coral(sourceFeatures, targetFeatures);
 */
export function coral(x: Tensor2D, y: Tensor2D, { means = false, ...others }: CoralOptions = {}): Scalar {
  assertKnownOptions('coral', others, ['means']);

  requireSameWidth('coral', ['x', 'y'], x, y);
  return tf.tidy(() => {
    const difference = tf.mean(tf.square(tf.sub(covariance(x), covariance(y))));
    if (!means) return tf.div(difference, 4) as Scalar;
    const shift = tf.mean(tf.square(tf.sub(tf.mean(x, 0), tf.mean(y, 0))));
    return tf.add(shift, difference) as Scalar;
  });
}
