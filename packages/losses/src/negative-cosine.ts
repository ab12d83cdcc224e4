import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requirePaired } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface NegativeCosineOptions<R extends Reduction = 'mean'> {
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * The regression loss of BYOL and SimSiam: a prediction points to its target, which gets no gradient.
 *
 * L = -mean_i cos(prediction_i, target_i), from -1 to 1. The symmetric loss is the mean of both directions,
 * 1/2 [ L(p_0, z_1) + L(p_1, z_0) ]; BYOL's 2 - 2 cos is 2 + 2 L.
 *
 * @param predictions [batch, dim], float32
 * @param targets [batch, dim], float32, treated as constant
 * @throws CrossmodalError when the shapes differ
 * @see Chen and He, 2021, Exploring Simple Siamese Representation Learning, eq. 1; Grill et al., 2020, BYOL, eq. 2
 * @example
 * const loss = tf.mul(0.5, tf.add(negativeCosine(p0, z1), negativeCosine(p1, z0)));
 */
export function negativeCosine<R extends Reduction = 'mean'>(
  predictions: Tensor2D,
  targets: Tensor2D,
  { reduction = 'mean' as R, ...others }: NegativeCosineOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('negativeCosine', others, ['reduction']);

  requirePaired('negativeCosine', predictions, targets);
  return tf.tidy(() => {
    const cosines = tf.sum(tf.mul(l2Normalize(predictions), stopGradient(l2Normalize(targets))), 1);
    return reduceLosses(tf.neg(cosines), { reduction });
  });
}
