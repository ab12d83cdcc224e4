import { assertKnownOptions, withoutGradient } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { maskedLogSumExp } from './internal/log-sum-exp.js';
import { identityMask } from './internal/masks.js';
import { diagonalEntries, withValueOf } from './internal/matched-entries.js';
import { requirePaired, requirePositive } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface NtXentOptions<R extends Reduction = 'mean'> {
  /**
   * tau; a scalar tensor trains it.
   * @default 0.5
   */
  temperature?: number | Scalar;
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * NT-Xent (SimCLR): InfoNCE over the joint set of both views, so that a's rows are negatives of each other too.
 *
 * z = [n(a); n(b)], 2B rows; p(i) is the other view of i; s = z z^T / tau.
 * L = -(1/2B) sum_i [ s_{i,p(i)} - log sum_{k != i} exp(s_ik) ]. The positive is in the denominator, the row itself is not.
 *
 * log(2B - 1) when all rows are equal. For labels with several positives, one term per positive pair
 * (pytorch-metric-learning): `infoNce(x, x, { pairs: pairsByLabel(labels), multiPositive: 'each', symmetric: false })`.
 *
 * @param a [batch, dim], float32
 * @param b [batch, dim], float32
 * @returns a scalar, or [2 batch] with `reduction: 'none'`
 * @throws CrossmodalError when shapes or options do not fit
 * @see Chen et al., 2020, A Simple Framework for Contrastive Learning of Visual Representations, eq. 1
 * @example
 * const loss = ntXent(viewA, viewB, { temperature: 0.5 });
 */
export function ntXent<R extends Reduction = 'mean'>(
  a: Tensor2D,
  b: Tensor2D,
  {
    temperature = 0.5, // SimCLR's best on CIFAR-10; lightly's default
    reduction = 'mean' as R,
    ...others
  }: NtXentOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('ntXent', others, ['temperature', 'reduction']);

  requirePaired('ntXent', a, b);
  requirePositive('ntXent', 'temperature', temperature);
  return tf.tidy(() => {
    const [u, v] = [l2Normalize(a), l2Normalize(b)];
    const z = tf.concat([u, v], 0);
    const logits = tf.div(tf.matMul(z, z, false, true), temperature) as Tensor2D;
    const products = tf.div(tf.sum(tf.mul(u, v), 1), temperature) as Tensor1D;
    const matched = bothDiagonals(products, logits); // s_{i,p(i)}
    const others = tf.sub(1, identityMask(z.shape[0], z.shape[0])) as Tensor2D;
    const losses = tf.sub(maskedLogSumExp(logits, others), matched);
    return reduceLosses(losses, { reduction });
  });
}

/**
 * The logits (i, p(i)) of z = [a; b] for all 2B rows: (i, i + B) in the upper half, (i + B, i) in the lower one.
 *
 * @param products s_{i,i+B} as row-wise products, [B]
 * @param logits [2B, 2B]
 */
export function bothDiagonals(products: Tensor1D, logits: Tensor2D): Tensor1D {
  const rows = products.shape[0];
  const half = (start: number) => tf.slice(logits, [start, 0], [rows, 2 * rows]);
  const upper = withValueOf(
    products,
    withoutGradient(() => diagonalEntries(half(0), rows)),
  );
  const lower = withValueOf(
    products,
    withoutGradient(() => diagonalEntries(half(rows), 0)),
  );
  return tf.concat([upper, lower]);
}
