import { requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { classLabels, finiteNumbers, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';

/** Scores in descending order with the positives among them, and how many there are of each kind. */
interface Ranked {
  order: number[];
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
  positives: number;
}

function ranked(where: string, scores: Numbers, labels: Numbers): Ranked {
  const s = finiteNumbers(where, 'scores', scores);
  const y = classLabels(where, 'labels', labels, 2);
  sameLength(where, s, y);
  const order = Array.from({ length: s.length }, (_, i) => i).sort((a, b) => (s[b] as number) - (s[a] as number));
  let positives = 0;
  for (let i = 0; i < y.length; i++) positives += y[i] as number;
  return { order, scores: s, labels: y, positives };
}

/** Calls `visit` once for each distinct score, from the highest, with the positives and items that have it. */
function eachThreshold({ order, scores, labels }: Ranked, visit: (positives: number, items: number) => void): void {
  for (let from = 0; from < order.length; ) {
    const score = scores[order[from] as number];
    let to = from;
    let positives = 0;
    for (; to < order.length && scores[order[to] as number] === score; to++)
      positives += labels[order[to] as number] as number;
    visit(positives, to - from);
    from = to;
  }
}

/**
 * Area under the receiver operating characteristic: the share of (positive, negative) pairs whose positive has the
 * higher score, ties counting one half.
 *
 * @param scores [n], higher means more likely positive
 * @param labels [n], 1 positive, 0 negative
 * @throws CrossmodalError if all labels are equal (the area is then undefined), or the arguments do not fit together.
 * @see Fawcett (2006), An introduction to ROC analysis
 * @example rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]); // 0.75
 */
export function rocAuc(scores: Numbers, labels: Numbers): number {
  const rows = ranked('rocAuc', scores, labels);
  const negatives = rows.labels.length - rows.positives;
  if (rows.positives === 0 || negatives === 0) {
    throw new CrossmodalError(
      `rocAuc: labels must hold positives and negatives, got ${rows.positives} positives of ${rows.labels.length}`,
    );
  }
  let positivesAbove = 0;
  let pairs = 0;
  eachThreshold(rows, (positives, items) => {
    pairs += (items - positives) * (positivesAbove + positives / 2);
    positivesAbove += positives;
  });
  return pairs / (rows.positives * negatives);
}

/**
 * Average precision: sum over distinct thresholds k of (R_k - R_{k-1}) P_k, without interpolation.
 *
 * @param scores [n], higher means more likely positive
 * @param labels [n], 1 positive, 0 negative
 * @throws CrossmodalError if there is no positive, or the arguments do not fit together.
 * @see scikit-learn, average_precision_score
 * @example averagePrecision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]); // 0.833...
 */
export function averagePrecision(scores: Numbers, labels: Numbers): number {
  const rows = ranked('averagePrecision', scores, labels);
  if (rows.positives === 0) {
    throw new CrossmodalError(`averagePrecision: labels must hold a positive, got none among ${rows.labels.length}`);
  }
  let found = 0;
  let seen = 0;
  let area = 0;
  eachThreshold(rows, (positives, items) => {
    found += positives;
    seen += items;
    area += (positives / rows.positives) * (found / seen);
  });
  return area;
}

function oneVersusRest(
  where: string,
  score: (scores: Numbers, labels: Numbers) => number,
  scores: NumberRows,
  labels: Numbers,
  absent: 'throw' | 'skip',
): number {
  const rows = finiteRows(where, 'scores', scores);
  const classes = rows[0]?.length ?? 0;
  const y = Array.from(classLabels(where, 'labels', labels, classes));
  sameLength(where, rows, y);
  const values: number[] = [];
  for (let c = 0; c < classes; c++) {
    if (!y.includes(c)) {
      if (absent === 'skip') continue;
      throw new CrossmodalError(`${where}: each class must occur, class ${c} does not`, {
        remedy: "pass { absent: 'skip' } to average over the classes that occur",
      });
    }
    const column = rows.map((row) => row[c] as number);
    const own = y.map((label) => Number(label === c));
    values.push(score(column, own));
  }
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** What to do about a class that no item has. */
export interface OneVersusRestOptions {
  /** @default 'throw' */
  absent?: 'throw' | 'skip';
}

/**
 * Mean over classes of the area under the ROC curve of that class against all others.
 *
 * @param scores [n, classes]
 * @param labels class numbers, [n]
 * @throws CrossmodalError if a class does not occur (unless `absent: 'skip'`), or only one class does.
 * @example rocAucOneVersusRest([[0.8, 0.2], [0.3, 0.7]], [0, 1]); // 1
 */
export function rocAucOneVersusRest(
  scores: NumberRows,
  labels: Numbers,
  { absent = 'throw', ...others }: OneVersusRestOptions = {},
): number {
  assertKnownOptions('rocAucOneVersusRest', others, ['absent']);
  requireOneOf('rocAucOneVersusRest: absent', absent, ['throw', 'skip']);

  return oneVersusRest('rocAucOneVersusRest', rocAuc, scores, labels, absent);
}

/**
 * Mean over classes of the average precision of that class against all others.
 *
 * @param scores [n, classes]
 * @param labels class numbers, [n]
 * @throws CrossmodalError if a class does not occur (unless `absent: 'skip'`).
 * @example averagePrecisionOneVersusRest([[0.8, 0.2], [0.3, 0.7]], [0, 1]); // 1
 */
export function averagePrecisionOneVersusRest(
  scores: NumberRows,
  labels: Numbers,
  { absent = 'throw', ...others }: OneVersusRestOptions = {},
): number {
  assertKnownOptions('averagePrecisionOneVersusRest', others, ['absent']);
  requireOneOf('averagePrecisionOneVersusRest: absent', absent, ['throw', 'skip']);

  return oneVersusRest('averagePrecisionOneVersusRest', averagePrecision, scores, labels, absent);
}
