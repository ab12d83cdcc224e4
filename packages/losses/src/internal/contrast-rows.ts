import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Pairs } from '../pairs/pairs.js';
import { logSumExp, maskedLogSumExp } from './log-sum-exp.js';
import { above, EXCLUDED, keepWhere } from './masks.js';

/**
 * What a row with several positives P_i means:
 *
 * - `out`: -1/|P_i| sum_{j in P_i} log softmax_j; all positives stand in the denominator (SupCon's L_out).
 * - `in`: -log sum_{j in P_i} softmax_j (SupCon's L_in, MIL-NCE): one good positive is enough.
 * - `each`: every positive alone against the negatives, -log exp(s_ij) / (exp(s_ij) + sum_{k in N_i} exp(s_ik)), mean over
 *   all positive pairs (NT-Xent with labels, as in pytorch-metric-learning).
 */
export type MultiPositive = 'out' | 'in' | 'each';

export interface ContrastRowsOptions {
  multiPositive?: MultiPositive;
  labelSmoothing?: number;
  /** [n, m] factors of the candidates inside the denominator. */
  weights?: Tensor2D;
}

/**
 * The softmax contrast of each row of a matrix of logits, positives against positives and negatives.
 *
 * @param logits [n, m]
 * @returns the loss of each row, and how much it counts in a mean (0 for a row without positives)
 */
export function contrastRows(
  logits: Tensor2D,
  { positive, negative }: Pairs,
  { multiPositive = 'out', labelSmoothing = 0, weights }: ContrastRowsOptions = {},
): { losses: Tensor1D; counts: Tensor1D } {
  const positives = tf.sum(positive, 1) as Tensor1D;
  const perPositive = (x: Tensor2D) => tf.div(tf.sum(tf.mul(x, positive), 1), tf.maximum(positives, 1));
  const hasPositive = above(positives, 0);
  const admitted = (mask: Tensor2D) => (weights ? (tf.mul(mask, above(weights, 0)) as Tensor2D) : mask);
  const weighted = weights ? (tf.add(logits, tf.log(tf.maximum(weights, 1e-30))) as Tensor2D) : logits;

  if (multiPositive === 'each') {
    const negatives = maskedLogSumExp(weighted, admitted(negative));
    const losses = tf.softplus(tf.sub(tf.expandDims(negatives, 1), logits) as Tensor2D); // -log of one positive against all negatives
    return { losses: perPositive(losses) as Tensor1D, counts: positives };
  }
  const candidates = tf.add(positive, negative) as Tensor2D;
  const denominator = logSumExp<Tensor1D>(keepWhere(admitted(candidates), weighted, EXCLUDED), 1);
  if (multiPositive === 'in') {
    const losses = tf.sub(denominator, maskedLogSumExp(logits, positive));
    return { losses: tf.mul(losses, hasPositive), counts: hasPositive };
  }
  const smoothing = tf.div(tf.sum(tf.mul(logits, candidates), 1), tf.maximum(tf.sum(candidates, 1), 1));
  const target = labelSmoothing
    ? tf.add(tf.mul(1 - labelSmoothing, perPositive(logits)), tf.mul(labelSmoothing, smoothing))
    : perPositive(logits);
  return { losses: tf.mul(tf.sub(denominator, target), hasPositive), counts: hasPositive };
}
