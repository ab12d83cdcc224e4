import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { confusionMatrix, margins } from './confusion-matrix.js';
import type { Numbers } from './inputs.js';

export interface PrecisionRecallF1 {
  precision: number;
  recall: number;
  f1: number;
}

export type Averaging = 'macro' | 'micro' | 'weighted';

export interface ClassScores extends PrecisionRecallF1 {
  /** Items of this class. */
  support: number;
}

const ratio = (numerator: number, denominator: number) => (denominator === 0 ? 0 : numerator / denominator);
const harmonic = (precision: number, recall: number) => ratio(2 * precision * recall, precision + recall);

/**
 * Precision, recall and F1 of each class, from a confusion matrix [true][predicted].
 * precision_c = hits_c / predicted_c, recall_c = hits_c / actual_c, f1_c their harmonic mean; 0/0 counts as 0.
 *
 * @throws CrossmodalError if the matrix is not square, not of counts, or empty.
 * @example classScores([[1, 1], [0, 1]]);
 */
export function classScores(confusion: readonly (readonly number[])[]): ClassScores[] {
  const { hits, actual, predicted } = margins('classScores', confusion);
  return hits.map((hit, c) => {
    const precision = ratio(hit, predicted[c] ?? 0);
    const recall = ratio(hit, actual[c] ?? 0);
    return { precision, recall, f1: harmonic(precision, recall), support: actual[c] ?? 0 };
  });
}

/**
 * Precision, recall and F1 averaged over classes.
 * `macro`: plain mean over all classes (the mean of the classes' F1, not the F1 of the means);
 * `micro`: from counts summed over classes (equal to accuracy when every item has one label);
 * `weighted`: mean weighted by each class's number of items. 0/0 counts as 0.
 *
 * @param predicted class numbers, [n]
 * @param labels class numbers, [n]
 * @throws CrossmodalError if lengths differ or a value is not in [0, classes).
 * @see scikit-learn, precision_recall_fscore_support with zero_division=0
 * @example precisionRecallF1([0, 1, 1], [0, 0, 1], { average: 'macro' }).f1; // 0.666...
 */
export function precisionRecallF1(
  predicted: Numbers,
  labels: Numbers,
  {
    average = 'macro',
    classes,
    ...others
  }: {
    /** @default 'macro' */
    average?: Averaging;
    classes?: number;
  } = {},
): PrecisionRecallF1 {
  assertKnownOptions('precisionRecallF1', others, ['average', 'classes']);

  return averageScores(confusionMatrix(predicted, labels, { classes }), average);
}

/**
 * The same from a confusion matrix [true][predicted].
 *
 * @throws CrossmodalError like `classScores`.
 * @example
 * averageScores([[1, 1], [0, 1]], 'macro').f1; // 0.666...
 */
export function averageScores(
  confusion: readonly (readonly number[])[],
  average: Averaging = 'macro',
): PrecisionRecallF1 {
  const { hits, actual, predicted, total } = margins('precisionRecallF1', confusion);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  if (average === 'micro') {
    const precision = ratio(sum(hits), sum(predicted));
    const recall = ratio(sum(hits), sum(actual));
    return { precision, recall, f1: harmonic(precision, recall) };
  }
  if (average !== 'macro' && average !== 'weighted') {
    throw new CrossmodalError(`precisionRecallF1: average must be macro, micro or weighted, got ${String(average)}`);
  }
  const result = { precision: 0, recall: 0, f1: 0 };
  for (const score of classScores(confusion)) {
    const weight = average === 'macro' ? 1 / confusion.length : score.support / total;
    result.precision += weight * score.precision;
    result.recall += weight * score.recall;
    result.f1 += weight * score.f1;
  }
  return result;
}
