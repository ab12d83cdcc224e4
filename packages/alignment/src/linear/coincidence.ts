import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What keeps the trivial answer away, where both maps send everything to zero:
 *
 * - `unit`: rows are scaled to unit length before they are compared;
 * - `mean-square`: a penalty (mean ||a_i||^2 - 1)^2, and for b, so that the average row has unit length;
 * - `variance`: a penalty max(0, 1 - deviation)^2 per column, so that no column may collapse to one value.
 */
export type NormConstraint = 'unit' | 'mean-square' | 'variance';

export interface CoincidenceOptions {
  /** @default 'variance' */
  constraint?: NormConstraint;
  /**
   * Factor of the penalty; `unit` has none.
   * @default 1
   */
  weight?: number;
}

/**
 * Hard alignment as a loss, for encoders that are trained: paired embeddings must coincide.
 *
 * L = mean_i ||a_i - b_i||^2 + weight * constraint(a) + weight * constraint(b). The first two constraints exclude vanishing
 * embeddings, but not that all items share one point; `variance` excludes that as well.
 *
 * @param a [pairs, dim]
 * @param b [pairs, dim]
 * @throws CrossmodalError when shapes differ, the weight is negative, or `variance` has fewer than two rows
 * @see Bardes, Ponce and LeCun (2022), VICReg, equation 1, for the hinge on the deviation
 *
 * @example
 * const loss = coincidence(imageRows, textRows, { constraint: 'variance' });
 */
export function coincidence(
  a: Tensor2D,
  b: Tensor2D,
  {
    constraint = 'variance', // the only one without a trivial answer
    weight = 1, // VICReg weighs invariance and variance alike
    ...others
  }: CoincidenceOptions = {},
): Scalar {
  assertKnownOptions('coincidence', others, ['constraint', 'weight']);

  if (a.rank !== 2 || a.shape.join() !== b.shape.join()) {
    throw new CrossmodalError(
      `coincidence: a and b must be matrices of equal shape, got [${a.shape}] and [${b.shape}]`,
    );
  }
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new CrossmodalError(`coincidence: weight must be finite and not negative, got ${weight}`);
  }
  if (constraint === 'variance' && a.shape[0] < 2) {
    throw new CrossmodalError(`coincidence: the constraint 'variance' needs at least two rows, got ${a.shape[0]}`);
  }
  const penalty = constraints[constraint];
  if (!penalty) {
    throw new CrossmodalError(
      `coincidence: constraint must be one of ${Object.keys(constraints).join(', ')}, got '${constraint}'`,
    );
  }
  return tf.tidy(() => {
    const [x, y] = constraint === 'unit' ? [l2Normalize(a), l2Normalize(b)] : [a, b];
    const distance = tf.mean(tf.sum(tf.squaredDifference(x, y), 1));
    return tf.add(distance, tf.mul(tf.add(penalty(x), penalty(y)), weight)) as Scalar;
  });
}

const constraints: Record<NormConstraint, (x: Tensor2D) => Scalar> = {
  unit: () => tf.scalar(0),
  'mean-square': (x) => tf.square(tf.sub(tf.mean(tf.sum(tf.square(x), 1)), 1)) as Scalar,
  variance: (x) => {
    const centred = tf.sub(x, tf.mean(x, 0, true));
    const variance = tf.div(tf.sum(tf.square(centred), 0), x.shape[0] - 1);
    const deviation = tf.sqrt(tf.add(variance, 1e-4)); // 1e-4: VICReg's, keeps the slope finite
    return tf.mean(tf.square(tf.relu(tf.sub(1, deviation)))) as Scalar;
  },
};
