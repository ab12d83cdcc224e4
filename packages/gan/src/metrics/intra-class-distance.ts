import { CrossmodalError, labelCodes } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { featureRows } from './feature-rows.js';

/**
 * How far samples of one class differ: the Euclidean distance of two of them, mean over all pairs of a class, then over the
 * classes. Divided by that of as many real samples it is near 0 for a generator that makes one sample per class, and 1 for one
 * that makes as many kinds as there are, which neither a classifier nor R-precision can see.
 *
 * 1/C sum_c 2 / (n_c (n_c - 1)) sum_(i < j in c) |x_i - x_j|
 *
 * @param features [rows, dimension]: pixels, or features of a classifier that took no part in training
 * @param classes the class of each row, a text or a whole number; classes of a single row are left out
 * @throws CrossmodalError for a number of classes that is not that of the rows, values that are not finite, classes that are neither texts
 *   nor whole numbers up to 2^53 - 1, no class of two rows
 * @see Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric (2018), for the choice of features
 * @example
 * const diversity = (await intraClassDistance(drawn, asked)) / (await intraClassDistance(real, labels));
 */
export async function intraClassDistance(features: Tensor2D, classes: ArrayLike<unknown>): Promise<number> {
  const rows = (await featureRows('intraClassDistance', 'features', features)).to2DArray();
  if (classes.length !== rows.length) {
    throw new CrossmodalError(
      `intraClassDistance: each row needs a class, got ${rows.length} rows and ${classes.length} classes`,
    );
  }
  const codes = labelCodes('intraClassDistance', { classes }, { text: true }).classes;
  const members = new Map<number, number[][]>();
  rows.forEach((row, i) => {
    const code = codes[i] as number;
    members.set(code, [...(members.get(code) ?? []), row]);
  });
  const means = [...members.values()].filter(({ length }) => length > 1).map(meanDistance);
  if (means.length === 0) {
    throw new CrossmodalError('intraClassDistance: a class of two rows or more is needed, each row has its own');
  }
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

/** Mean distance of two rows. */
function meanDistance(rows: readonly number[][]): number {
  let total = 0;
  rows.forEach((row, i) => {
    for (const other of rows.slice(i + 1)) {
      total += Math.sqrt(row.reduce((sum, value, d) => sum + (value - (other[d] as number)) ** 2, 0));
    }
  });
  return total / ((rows.length * (rows.length - 1)) / 2);
}
