import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Inception score from the class probabilities that a classifier gives to generated samples: exp of the mutual
 * information of sample and class. 1 for samples all alike, up to the number of classes.
 *
 * exp( mean_i sum_c p_ic (log p_ic - log mean_j p_jc) ).
 *
 * @param probabilities [rows, classes], rows sum to one
 * @throws CrossmodalError for another rank, negative values, or rows that do not sum to one (within 1e-3)
 * @see Salimans et al., Improved techniques for training GANs (2016), section 4
 * @example
 * const score = await inceptionScore(tf.softmax(classifier.predict(samples)));
 */
export async function inceptionScore(probabilities: Tensor2D): Promise<number> {
  if (probabilities.rank !== 2 || probabilities.size === 0) {
    throw new CrossmodalError(`inceptionScore: probabilities must be [rows, classes], got [${probabilities.shape}]`);
  }
  const [rows, classes] = probabilities.shape;
  const values = await probabilities.data();
  const at = (i: number, c: number) => values[i * classes + c] as number;
  const mean = new Float64Array(classes);
  for (let i = 0; i < rows; i++) {
    let total = 0;
    for (let c = 0; c < classes; c++) {
      const p = at(i, c);
      if (!(p >= 0))
        throw new CrossmodalError(`inceptionScore: probabilities must not be negative, got ${p} in row ${i}`);
      total += p;
      mean[c] = (mean[c] as number) + p / rows;
    }
    if (Math.abs(total - 1) > 1e-3) {
      throw new CrossmodalError(`inceptionScore: each row must sum to one, row ${i} sums to ${total}`, {
        remedy: 'pass probabilities, not logits',
      });
    }
  }
  let information = 0;
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < classes; c++) {
      const p = at(i, c);
      if (p > 0) information += (p * (Math.log(p) - Math.log(mean[c] as number))) / rows;
    }
  }
  return Math.exp(information);
}
