import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { argMax, classLabels, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';

/** Counts per confidence bin, so that calibration can be measured batch by batch. */
export interface CalibrationBins {
  count: Float64Array;
  confidence: Float64Array;
  right: Float64Array;
}

export function calibrationBins(where: string, bins: number): CalibrationBins {
  requireInteger(`${where}: bins`, bins, 1, 1_000_000);
  return { count: new Float64Array(bins), confidence: new Float64Array(bins), right: new Float64Array(bins) };
}

/** Adds one prediction to its bin; bins are (lower, upper]. */
export function countConfidence(bins: CalibrationBins, confidence: number, right: boolean): void {
  const count = bins.count.length;
  let bin = Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1));
  if (bin > 0 && confidence <= bin / count) bin--; // the product above may round up past an edge
  bins.count[bin] = (bins.count[bin] ?? 0) + 1;
  bins.confidence[bin] = (bins.confidence[bin] ?? 0) + confidence;
  bins.right[bin] = (bins.right[bin] ?? 0) + Number(right);
}

/** sum_b n_b / n |accuracy_b - confidence_b|. */
export function calibrationError({ count, confidence, right }: CalibrationBins): number {
  let total = 0;
  let error = 0;
  for (let bin = 0; bin < count.length; bin++) {
    total += count[bin] ?? 0;
    error += Math.abs((right[bin] ?? 0) - (confidence[bin] ?? 0));
  }
  return error / total;
}

/** @throws CrossmodalError unless each number is in [0, 1] (with room for rounding of float32). */
export function checkProbabilities(where: string, rows: readonly ArrayLike<number>[]): void {
  rows.forEach((row, i) => {
    for (let c = 0; c < row.length; c++) {
      const value = row[c] as number;
      if (value < 0 || value > 1 + 1e-5) {
        throw new CrossmodalError(`${where}: probabilities must be in [0, 1], got ${value} at [${i}][${c}]`, {
          remedy: 'apply a softmax to logits first',
        });
      }
    }
  });
}

/**
 * Expected calibration error: sum_b n_b / n |accuracy_b - confidence_b| over equal-width bins (lower, upper] of the
 * largest probability.
 *
 * @param probabilities [n, classes], rows summing to 1
 * @param labels class numbers, [n]
 * @throws CrossmodalError if a probability is outside [0, 1], or the arguments do not fit together.
 * @see Guo et al. (2017), On calibration of modern neural networks, eq. 3
 * @example expectedCalibrationError([[0.9, 0.1], [0.9, 0.1]], [0, 1]); // 0.4
 */
export function expectedCalibrationError(
  probabilities: NumberRows,
  labels: Numbers,
  { bins = 15, ...others /* Guo et al., section 2 */ } = {},
): number {
  assertKnownOptions('expectedCalibrationError', others, ['bins']);

  const where = 'expectedCalibrationError';
  const rows = finiteRows(where, 'probabilities', probabilities);
  const y = classLabels(where, 'labels', labels, rows[0]?.length);
  sameLength(where, rows, y);
  checkProbabilities(where, rows);
  const counts = calibrationBins(where, bins);
  rows.forEach((row, i) => {
    const predicted = argMax(row);
    countConfidence(counts, row[predicted] as number, predicted === y[i]);
  });
  return calibrationError(counts);
}
