import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { identityMask, keepWhere } from './internal/masks.js';
import { requireNumber, requirePaired, requirePositive } from './internal/validate.js';
import { bothDiagonals } from './nt-xent.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface DebiasedContrastiveOptions<R extends Reduction = 'mean'> {
  /**
   * tau; a scalar tensor trains it.
   * @default 0.5
   */
  temperature?: number | Scalar;
  /**
   * tau_plus: the chance that a "negative" is of the same class. 0 turns the correction off.
   * @default 0.1
   */
  positivePrior?: number;
  /**
   * The concentration on hard negatives; 0 weights all alike.
   * @default 0
   */
  beta?: number;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Debiased contrastive loss, optionally with hard negatives: some of the "negatives" of an unlabelled batch are of the same class,
 * and their expected share is subtracted from the denominator.
 *
 * z = [n(a); n(b)], s = z z^T / tau, N = 2B - 2, p(i) = (i + B) mod 2B, w_ik = exp(beta s_ik) / mean_k exp(beta s_ik).
 * G_i = max( ( sum_{k not in {i, p}} w_ik exp(s_ik) - tau_plus N exp(s_ip) ) / (1 - tau_plus), N exp(-1/tau) )
 * L = mean_i -log[ exp(s_ip) / (exp(s_ip) + G_i) ].
 *
 * beta = 0 and tau_plus = 0 is NT-Xent. Computed relative to each row's largest term, so tau = 1e-3 stays finite.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @returns a scalar, or [2 batch] with `reduction: 'none'`
 * @throws CrossmodalError when shapes or options do not fit
 * @see Chuang et al., 2020, Debiased Contrastive Learning, eq. 8 and the authors' code
 * @see Robinson et al., 2021, Contrastive Learning with Hard Negative Samples, eq. 4 (beta > 0)
 * @example
 * const loss = debiasedContrastive(viewA, viewB, { positivePrior: 0.1, beta: 1 });
 */
export function debiasedContrastive<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    temperature = 0.5, // Chuang et al.
    positivePrior = 0.1, // Chuang et al., on CIFAR-10
    beta = 0, // Chuang et al.; Robinson et al. use 1
    reduction = 'mean' as R,
    ...others
  }: DebiasedContrastiveOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('debiasedContrastive', others, ['temperature', 'positivePrior', 'beta', 'reduction']);

  const where = 'debiasedContrastive';
  requirePaired(where, a, b);
  requirePositive(where, 'temperature', temperature);
  requireNumber(where, 'positivePrior', positivePrior, { minimum: 0, maximum: 0.999 });
  requireNumber(where, 'beta', beta, { minimum: 0 });
  return tf.tidy(() => {
    const rows = a.shape[0];
    const count = 2 * rows - 2; // N
    const z = tf.concat([l2Normalize(a), l2Normalize(b)], 0);
    const logits = tf.div(tf.matMul(z, z, false, true), temperature) as Tensor2D;
    const products = tf.div(tf.sum(tf.mul(l2Normalize(a), l2Normalize(b)), 1), temperature) as Tensor1D;
    const matched = bothDiagonals(products, logits); // s_ip
    const isNegative = tf.tile(tf.sub(1, identityMask(rows, rows)) as Tensor2D, [2, 2]);

    const negatives = keepWhere(isNegative, logits, -1e30);
    const peak = stopGradient(tf.maximum(tf.max(stopGradient(negatives), 1), stopGradient(matched)));
    const relative = tf.sub(negatives, tf.expandDims(peak, 1)) as Tensor2D; // every exponent below is <= 0
    const mass = tf.sum(tf.mul(hardness(negatives, isNegative, beta, count), tf.exp(relative)), 1);
    const positive = tf.exp(tf.sub(matched, peak));
    const estimate = tf.div(tf.sub(mass, tf.mul(positivePrior * count, positive)), 1 - positivePrior);
    const least = tf.mul(count, tf.exp(tf.sub(tf.div(-1, temperature), peak)));
    const losses = tf.sub(tf.log(tf.add(positive, tf.maximum(estimate, least))), tf.sub(matched, peak));
    return reduceLosses(losses, { reduction });
  });
}

/** w_ik = exp(beta s_ik) / mean_k exp(beta s_ik) over the negatives of a row, relative to its largest, so that the mean is not tiny. */
function hardness(negatives: Tensor2D, isNegative: Tensor2D, beta: number, count: number) {
  if (beta === 0) return isNegative;
  const relative = tf.sub(negatives, stopGradient(tf.max(negatives, 1, true)));
  const raw = tf.mul(isNegative, tf.exp(tf.mul(beta, relative)));
  const mean = tf.div(tf.sum(raw, 1, true), Math.max(count, 1));
  return tf.div(raw, tf.maximum(mean, 1e-12)); // only a row without negatives has a mean below 1 / count
}
