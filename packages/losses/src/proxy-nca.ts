import { assertKnownOptions } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { squaredEuclideanDistance } from './distances/euclidean.js';
import { classMask } from './internal/class-mask.js';
import { maskedLogSumExp } from './internal/log-sum-exp.js';
import { requireNumber, requireSameWidth } from './internal/validate.js';
import type { Labels } from './pairs/pairs.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface ProxyNcaOptions<R extends Reduction = 'mean'> {
  /**
   * Multiplies the squared distances.
   * @default 1
   */
  scale?: number;
  /**
   * False leaves a row's own proxy out of the denominator, as the paper does; the loss can then be negative.
   * @default true
   */
  ownProxyInDenominator?: boolean;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Proxy-NCA: a softmax over squared distances to one learned proxy per class; no pairs to mine.
 *
 * d_ic = || n(x_i) - n(proxy_c) ||^2, L = -(1/B) sum_i log softmax_c(-scale d_ic)_{label_i}. The own proxy is in the denominator,
 * as in pytorch-metric-learning and Proxy-NCA++ (the paper leaves it out).
 *
 * @param x [batch, dim], float32
 * @param labels [batch], integers in [0, classes)
 * @param proxies [classes, dim], float32, trainable
 * @throws CrossmodalError when shapes or options do not fit
 * @see Movshovitz-Attias et al., 2017, No Fuss Distance Metric Learning using Proxies, eq. 4; Teh et al., 2020, ProxyNCA++, eq. 4
 * @example
 * const loss = proxyNca(embeddings, labels, proxies, { scale: 3 });
 */
export function proxyNca<R extends Reduction = 'mean'>(
  x: Tensor2D,
  labels: Labels,
  proxies: Tensor2D,
  {
    scale = 1, // pytorch-metric-learning; Proxy-NCA++ uses 9
    ownProxyInDenominator = true, // pytorch-metric-learning, Proxy-NCA++
    reduction = 'mean' as R,
    ...others
  }: ProxyNcaOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('proxyNca', others, ['scale', 'ownProxyInDenominator', 'reduction']);

  requireSameWidth('proxyNca', ['x', 'proxies'], x, proxies);
  requireNumber('proxyNca', 'scale', scale, { minimum: 0, open: true });
  return tf.tidy(() => {
    const own = classMask('proxyNca', labels, x.shape[0], proxies.shape[0]);
    const distances = squaredEuclideanDistance.pairwise(l2Normalize(x), l2Normalize(proxies));
    const logits = tf.mul(-scale, distances) as Tensor2D;
    const admitted = ownProxyInDenominator ? tf.onesLike(own) : (tf.sub(1, own) as Tensor2D);
    const target = tf.sum(tf.mul(own, logits), 1) as Tensor1D;
    return reduceLosses(tf.sub(maskedLogSumExp(logits, admitted), target), { reduction });
  });
}
