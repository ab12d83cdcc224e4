import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Conditional consistency: how often a classifier that took no part in training the generator assigns a generated sample
 * to the class it was asked to be.
 *
 * @param scores [rows, classes], logits or probabilities of the generated samples
 * @param classes the class each sample was conditioned on
 * @returns accuracy; `chance`, the share of the most frequent class asked for; `perClass`, NaN where a class never occurs
 * @throws CrossmodalError for unequal lengths or a class out of range
 * @see Ravuri and Vinyals, Classification accuracy score (2019), the "train on real, test on generated" direction
 * @example
 * const { accuracy, chance } = await classifierConsistency(classifier.predict(samples), askedClasses);
 */
export async function classifierConsistency(
  scores: Tensor2D,
  classes: ArrayLike<number>,
): Promise<{ accuracy: number; chance: number; perClass: number[] }> {
  const [rows = 0, count = 0] = scores.shape;
  if (scores.rank !== 2 || rows !== classes.length || rows === 0) {
    throw new CrossmodalError(
      `classifierConsistency: scores must be [rows, classes] with one class per row, got [${scores.shape}] and ${classes.length} classes`,
    );
  }
  const values = await scores.data();
  const asked = new Float64Array(count);
  const right = new Float64Array(count);
  for (let i = 0; i < rows; i++) {
    const expected = classes[i] as number;
    if (!Number.isInteger(expected) || expected < 0 || expected >= count) {
      throw new CrossmodalError(
        `classifierConsistency: classes must be integers from 0 to ${count - 1}, got ${expected} in row ${i}`,
      );
    }
    let best = 0;
    for (let c = 1; c < count; c++) {
      if ((values[i * count + c] as number) > (values[i * count + best] as number)) best = c;
    }
    asked[expected] = (asked[expected] as number) + 1;
    if (best === expected) right[expected] = (right[expected] as number) + 1;
  }
  const total = right.reduce((sum, v) => sum + v, 0);
  return {
    accuracy: total / rows,
    chance: Math.max(...asked) / rows,
    perClass: Array.from(asked, (n, c) => (right[c] as number) / n),
  };
}
