import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { cosineSimilarity } from './distances/cosine.js';
import { classMask } from './internal/class-mask.js';
import { logSumExp } from './internal/log-sum-exp.js';
import { above } from './internal/masks.js';
import { safeSqrt } from './internal/safe-sqrt.js';
import { requireNumber, requireSameWidth } from './internal/validate.js';
import type { Labels } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface ArcFaceOptions<R extends Reduction = 'mean'> {
  /**
   * m: the additive angular margin in radians (0.5 is 28.6 degrees).
   * @default 0.5
   */
  margin?: number;
  /** @default 64 */
  scale?: number;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * ArcFace: softmax over cosines to class centres, the own angle enlarged by a margin.
 *
 * theta_i is the angle between x_i and its own centre. Target logit: cos(theta + m) if theta <= pi - m, else
 * cos(theta) - m sin(m). L = -(1/B) sum_i log softmax(scale * logits_i)_{label_i}.
 *
 * @param x [batch, dim], float32
 * @param labels [batch], integers in [0, classes)
 * @param centres [classes, dim], float32, trainable
 * @throws CrossmodalError when shapes or options do not fit
 * @see Deng et al., 2019, ArcFace: Additive Angular Margin Loss for Deep Face Recognition, eq. 3
 * @example
 * const loss = arcFace(embeddings, labels, centres, { scale: 30 });
 */
export function arcFace<R extends Reduction = 'mean'>(
  x: Tensor2D,
  labels: Labels,
  centres: Tensor2D,
  {
    margin = 0.5, // the paper
    scale = 64, // the paper
    reduction = 'mean' as R,
    ...others
  }: ArcFaceOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('arcFace', others, ['margin', 'scale', 'reduction']);

  requireSameWidth('arcFace', ['x', 'centres'], x, centres);
  requireNumber('arcFace', 'margin', margin, { minimum: 0, maximum: Math.PI });
  requireNumber('arcFace', 'scale', scale, { minimum: 0, open: true });
  return tf.tidy(() => {
    const own = classMask('arcFace', labels, x.shape[0], centres.shape[0]);
    const cosines = cosineSimilarity(x, centres);
    const cosine = tf.sum(tf.mul(own, cosines), 1); // cos(theta_i)
    const sine = safeSqrt(tf.relu(tf.sub(1, tf.square(cosine))));
    const rotated = tf.sub(tf.mul(Math.cos(margin), cosine), tf.mul(Math.sin(margin), sine)); // cos(theta + m)
    const beyond = tf.sub(cosine, margin * Math.sin(margin));
    const isWithin = above(cosine, -Math.cos(margin)); // theta < pi - m
    const target = tf.add(tf.mul(isWithin, rotated), tf.mul(tf.sub(1, isWithin), beyond)) as Tensor1D;
    const shifted = tf.add(cosines, tf.mul(own, tf.expandDims(tf.sub(target, cosine), 1)));
    const losses = tf.sub(logSumExp<Tensor1D>(tf.mul(scale, shifted), 1), tf.mul(scale, target));
    return reduceLosses(losses, { reduction });
  });
}
