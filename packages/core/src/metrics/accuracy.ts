import { requireInteger } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { classLabels, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';

/**
 * Share of predictions that are right: mean of [predicted_i = label_i].
 *
 * @param predicted class numbers, [n]
 * @param labels class numbers, [n]
 * @throws CrossmodalError if lengths differ, nothing is given, or a value is not a class number.
 * @example accuracy([0, 2, 1], [0, 2, 2]); // 0.666...
 */
export function accuracy(predicted: Numbers, labels: Numbers): number {
  const p = classLabels('accuracy', 'predicted', predicted);
  const y = classLabels('accuracy', 'labels', labels);
  sameLength('accuracy', p, y);
  let right = 0;
  for (let i = 0; i < p.length; i++) if (p[i] === y[i]) right++;
  return right / p.length;
}

/**
 * Share of rows whose label is among the k highest scores. Of equal scores the lower class number comes first.
 *
 * @param scores [n, classes], any monotone score
 * @param labels class numbers, [n]
 * @throws CrossmodalError if k is not in [1, classes], or the arguments do not fit together.
 * @example topKAccuracy([[0.1, 0.5, 0.4]], [2], { k: 2 }); // 1
 */
export function topKAccuracy(
  scores: NumberRows,
  labels: Numbers,
  { k = 5, ...others /* ImageNet's habit */ } = {},
): number {
  assertKnownOptions('topKAccuracy', others, ['k']);

  const rows = finiteRows('topKAccuracy', 'scores', scores);
  const classes = rows[0]?.length ?? 0;
  const y = classLabels('topKAccuracy', 'labels', labels, classes);
  sameLength('topKAccuracy', rows, y);
  requireInteger('topKAccuracy: k', k, 1, classes);
  let right = 0;
  rows.forEach((row, i) => {
    const label = y[i] as number;
    const own = row[label] as number;
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const score = row[c] as number;
      if (score > own || (score === own && c < label)) before++;
    }
    if (before < k) right++;
  });
  return right / rows.length;
}
