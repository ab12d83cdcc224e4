import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { infoNce } from './info-nce.js';
import { requireMatrix, requireThat } from './internal/validate.js';
import { type Labels, pairsByLabel } from './pairs/pairs.js';
import type { Reduced, Reduction } from './reduction.js';

export interface SupConOptions<R extends Reduction = 'mean-nonzero'> {
  /**
   * tau; a scalar tensor trains it.
   * @default 0.1
   */
  temperature?: number | Scalar;
  /**
   * `out`: the log of each positive's share, averaged (L_out). `in`: the log of their summed share (L_in, up to a constant).
   * @default 'out'
   */
  multiPositive?: 'out' | 'in';
  /** @default 'mean-nonzero' as R */
  reduction?: R;
}

/**
 * Supervised contrastive loss: within one labelled set, all rows of a class attract each other.
 *
 * s = n(x) n(x)^T / tau; P(i) = { j != i : label_j = label_i }.
 * L_i = -(1/|P(i)|) sum_{j in P(i)} [ s_ij - log sum_{k != i} exp(s_ik) ].
 *
 * Rows without a positive are left out. The default reduction averages the non-zero L_i, as pytorch-metric-learning does.
 * Several modalities: concatenate their rows and labels. Across two modalities only:
 * `infoNce(a, b, { pairs: pairsByLabel(labelsOfA, labelsOfB) })`.
 *
 * @param x [batch, dim], float32
 * @param labels [batch], integers; or multi-hot [batch, classes], where one shared class makes a positive
 * @throws CrossmodalError when shapes or options do not fit
 * @see Khosla et al., 2020, Supervised Contrastive Learning, eq. 2 (out) and 3 (in)
 * @example
 * const loss = supCon(tf.concat([images, texts]), [...imageLabels, ...textLabels]);
 */
export function supCon<R extends Reduction = 'mean-nonzero'>(
  x: Tensor2D,
  labels: Labels | Tensor2D,
  {
    temperature = 0.1, // the paper; pytorch-metric-learning
    multiPositive = 'out', // the paper's better form
    reduction = 'mean-nonzero' as R, // pytorch-metric-learning
    ...others
  }: SupConOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('supCon', others, ['temperature', 'multiPositive', 'reduction']);

  requireMatrix('supCon', 'x', x);
  return tf.tidy(() => {
    const pairs = pairsByLabel(labels);
    const rows = x.shape[0];
    requireThat(
      pairs.positive.shape[0] === rows,
      'supCon',
      () => `labels must have one entry per row, [${rows}], got [${pairs.positive.shape[0]}]`,
    );
    return infoNce(x, x, { temperature, pairs, multiPositive, symmetric: false, reduction });
  });
}
