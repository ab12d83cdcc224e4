import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkTemperature } from './minimum-class-confusion.js';

export interface SoftNeighbourhoodDensityOptions {
  /**
   * Similarities are divided by it.
   * @default 0.05
   */
  temperature?: number;
}

/**
 * Soft neighbourhood density of unlabelled items: how many others share an item's prediction. Of several models or
 * hyperparameters the one with the highest is chosen.
 *
 * f_i = softmax(z_i) / ||softmax(z_i)||, P_ij = exp(f_i . f_j / T) / sum_{k != i} exp(f_i . f_k / T) for j != i;
 * SND = -1/n sum_i sum_{j != i} P_ij log P_ij, in nats; at most log(n - 1), which is reached when all predictions are alike: look at
 * the accuracy on the source beside it. It grows with n: compare values of equally many items.
 *
 * @param logits [items, classes], of the target; the memory without gradients is that of some [1024, items] matrices
 * @throws CrossmodalError for fewer than two items, or a temperature that is not positive
 * @see Saito et al. (2021), Tune it the right way, equations 1-3
 *
 * @example
 * const density = softNeighbourhoodDensity(model.classify(drawings));
 */
export function softNeighbourhoodDensity(logits: Tensor2D, options: SoftNeighbourhoodDensityOptions = {}): Scalar {
  assertKnownOptions('softNeighbourhoodDensity', options, ['temperature']);
  const { temperature = 0.05 /* the paper, section 3.2 */ } = options;
  if (logits.rank !== 2 || logits.shape[0] < 2) {
    throw new CrossmodalError(
      `softNeighbourhoodDensity: logits must be [items, classes] of at least two items, got [${logits.shape}]`,
    );
  }
  checkTemperature('softNeighbourhoodDensity', temperature);
  const items = logits.shape[0];
  return tf.tidy(() => {
    const p = tf.softmax(logits);
    const unit = tf.div(p, tf.norm(p, 2, 1, true)) as Tensor2D;
    let sum = tf.scalar(0);
    for (let from = 0; from < items; from += BLOCK) {
      sum = tf.add(sum, negativeEntropies(unit, { from, to: Math.min(items, from + BLOCK), temperature }));
    }
    return tf.neg(tf.div(sum, items)) as Scalar;
  });
}

/** Rows of similarities that are in memory at a time: of 60,000 items those of a block take 245 MB. */
const BLOCK = 1024;

/** The sum over the items of a block, those in [from, to), of sum_{j != i} P_ij log P_ij. */
function negativeEntropies(
  unit: Tensor2D,
  { from, to, temperature }: { from: number; to: number; temperature: number },
): Scalar {
  return tf.tidy(() => {
    const [items, classes] = unit.shape;
    const block = tf.slice(unit, [from, 0], [to - from, classes]);
    const similarity = tf.div(tf.matMul(block, unit, false, true), temperature);
    // No item is its own neighbour: exp(-1e9) is 0, and 0 (z - log sum) stays 0.
    const own = tf.cast(tf.oneHot(tf.range(from, to, 1, 'int32'), items), 'float32');
    const z = tf.sub(similarity, tf.mul(own, 1e9));
    const logShare = tf.mul(tf.sub(z, tf.logSumExp(z, 1, true)), tf.sub(1, own));
    return tf.sum(tf.mul(tf.softmax(z), logShare)) as Scalar;
  });
}
