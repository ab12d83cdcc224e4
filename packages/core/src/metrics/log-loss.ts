import { assertKnownOptions } from '../known-options.js';
import { checkProbabilities } from './calibration.js';
import { classLabels, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';

/** -log of the label's share of its row, clipped so that a certain mistake stays finite. */
export function negativeLogLikelihood(row: ArrayLike<number>, label: number, smallest: number): number {
  let sum = 0;
  for (let c = 0; c < row.length; c++) sum += row[c] as number;
  const share = sum > 0 ? (row[label] as number) / sum : 0;
  return -Math.log(Math.min(1, Math.max(smallest, share)));
}

/**
 * Mean negative log likelihood of the labels: -1/n sum_i log p_i[label_i], rows normalised to sum 1 first.
 *
 * @param probabilities [n, classes]
 * @param labels class numbers, [n]
 * @throws CrossmodalError if a probability is outside [0, 1], or the arguments do not fit together.
 * @see scikit-learn, log_loss
 * @example logLoss([[0.5, 0.5]], [1]); // 0.693...
 */
export function logLoss(
  probabilities: NumberRows,
  labels: Numbers,
  { smallest = 2.220446049250313e-16, ...others /* scikit-learn: the machine epsilon of float64 */ } = {},
): number {
  assertKnownOptions('logLoss', others, ['smallest']);

  const rows = finiteRows('logLoss', 'probabilities', probabilities);
  const y = classLabels('logLoss', 'labels', labels, rows[0]?.length);
  sameLength('logLoss', rows, y);
  checkProbabilities('logLoss', rows);
  let sum = 0;
  rows.forEach((row, i) => {
    sum += negativeLogLikelihood(row, y[i] as number, smallest);
  });
  return sum / rows.length;
}
