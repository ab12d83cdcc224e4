import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { classLabels, type Numbers, sameLength } from './inputs.js';

/**
 * Counts of (true class, predicted class): entry [t][p] is how many items of class t were called p.
 *
 * @param predicted class numbers, [n]
 * @param labels class numbers, [n]
 * @returns [classes][classes] counts
 * @throws CrossmodalError if lengths differ or a value is not in [0, classes).
 * @example confusionMatrix([0, 1, 1], [0, 0, 1], { classes: 2 }); // [[1, 1], [0, 1]]
 */
export function confusionMatrix(
  predicted: Numbers,
  labels: Numbers,
  {
    classes,
    ...others
  }: { /** Number of classes; by default one more than the largest number seen. */ classes?: number } = {},
): number[][] {
  assertKnownOptions('confusionMatrix', others, ['classes']);

  const p = classLabels('confusionMatrix', 'predicted', predicted, classes);
  const y = classLabels('confusionMatrix', 'labels', labels, classes);
  sameLength('confusionMatrix', p, y);
  let count = classes ?? 0;
  if (classes === undefined)
    for (let i = 0; i < p.length; i++) count = Math.max(count, (p[i] ?? 0) + 1, (y[i] ?? 0) + 1);
  requireInteger('confusionMatrix: classes', count, 1, 100_000);
  const counts = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let i = 0; i < p.length; i++) {
    const row = counts[y[i] as number] as number[];
    const column = p[i] as number;
    row[column] = (row[column] ?? 0) + 1;
  }
  return counts;
}

/** The margins of a confusion matrix that the scores derived from it share. */
export interface Margins {
  /** Items in all. */
  total: number;
  /** Per class: items of that class that were called so. */
  hits: number[];
  /** Per class: items of that class (its support). */
  actual: number[];
  /** Per class: items called so. */
  predicted: number[];
}

/** @throws CrossmodalError unless the matrix is square, of counts, and not all zero. */
export function margins(where: string, confusion: readonly (readonly number[])[]): Margins {
  const classes = confusion.length;
  const result: Margins = {
    total: 0,
    hits: [],
    actual: new Array(classes).fill(0),
    predicted: new Array(classes).fill(0),
  };
  confusion.forEach((row, t) => {
    if (row.length !== classes) {
      throw new CrossmodalError(
        `${where}: the confusion matrix must be square, row ${t} of ${classes} has ${row.length} columns`,
      );
    }
    row.forEach((count, p) => {
      if (!Number.isFinite(count) || count < 0) {
        throw new CrossmodalError(`${where}: the confusion matrix must hold counts, got ${count} at [${t}][${p}]`);
      }
      result.total += count;
      result.actual[t] = (result.actual[t] ?? 0) + count;
      result.predicted[p] = (result.predicted[p] ?? 0) + count;
    });
    result.hits.push(row[t] ?? 0);
  });
  if (result.total === 0) throw new CrossmodalError(`${where}: the confusion matrix must count at least one item`);
  return result;
}
