import { margins } from './confusion-matrix.js';

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/**
 * Mean recall over the classes that occur: what accuracy would be if all classes were equally frequent.
 *
 * @param confusion [true][predicted] counts
 * @throws CrossmodalError if the matrix is not square, not of counts, or empty.
 * @example balancedAccuracy([[9, 1], [1, 1]]); // 0.7
 */
export function balancedAccuracy(confusion: readonly (readonly number[])[]): number {
  const { hits, actual } = margins('balancedAccuracy', confusion);
  const recalls = hits.flatMap((hit, c) => (actual[c] ? [hit / actual[c]] : []));
  return sum(recalls) / recalls.length;
}

/**
 * Cohen's kappa: (p_o - p_e) / (1 - p_e), with p_o the accuracy and p_e what two independent raters with these
 * margins would reach. 0 when both raters always name one and the same class (0/0).
 *
 * @param confusion [true][predicted] counts
 * @throws CrossmodalError if the matrix is not square, not of counts, or empty.
 * @see Cohen (1960), A coefficient of agreement for nominal scales
 * @example cohenKappa([[2, 0], [0, 2]]); // 1
 */
export function cohenKappa(confusion: readonly (readonly number[])[]): number {
  const { total, hits, actual, predicted } = margins('cohenKappa', confusion);
  const observed = sum(hits) / total;
  const expected = sum(actual.map((count, c) => (count / total) * ((predicted[c] ?? 0) / total)));
  return expected === 1 ? 0 : (observed - expected) / (1 - expected);
}

/**
 * Matthews' correlation for any number of classes:
 * (n sum hits - sum actual_c predicted_c) / sqrt((n^2 - sum predicted_c^2) (n^2 - sum actual_c^2)); 0 for 0/0.
 *
 * @param confusion [true][predicted] counts
 * @throws CrossmodalError if the matrix is not square, not of counts, or empty.
 * @see Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient, eq. 8
 * @example matthewsCorrelation([[2, 0], [0, 2]]); // 1
 */
export function matthewsCorrelation(confusion: readonly (readonly number[])[]): number {
  const { total, hits, actual, predicted } = margins('matthewsCorrelation', confusion);
  const covariance = total * sum(hits) - sum(actual.map((count, c) => count * (predicted[c] ?? 0)));
  const spread = (counts: number[]) => total * total - sum(counts.map((count) => count * count));
  const denominator = Math.sqrt(spread(predicted) * spread(actual));
  return denominator === 0 ? 0 : covariance / denominator;
}
