import { CrossmodalError } from '../errors.js';
import { finiteNumbers, type Numbers, sameLength } from './inputs.js';
import { meanAndDeviation } from './mean-and-deviation.js';
import { studentTwoSided } from './student-t.js';

export interface TestResult {
  statistic: number;
  /** Two-sided: the chance of a statistic at least as extreme if there were no difference. */
  pValue: number;
}

function differences(where: string, a: Numbers, b: Numbers): number[] {
  const left = finiteNumbers(where, 'a', a);
  const right = finiteNumbers(where, 'b', b);
  sameLength(where, left, right);
  return Array.from(left, (value, i) => value - (right[i] as number));
}

/**
 * Paired t test, e.g. of two methods on the same seeds: t = mean(d) / (sd(d) / sqrt(n)), d = a - b, n - 1 degrees of freedom.
 *
 * @param a scores, [n]
 * @param b scores of the same runs, [n]
 * @throws CrossmodalError if there are fewer than two pairs, or all differences are equal (the statistic is undefined).
 * @see Student (1908), The probable error of a mean
 * @example pairedTTest([0.8, 0.9, 0.85], [0.7, 0.82, 0.8]).pValue; // about 0.04
 */
export function pairedTTest(a: Numbers, b: Numbers): TestResult {
  const d = differences('pairedTTest', a, b);
  if (d.length < 2) throw new CrossmodalError(`pairedTTest: needs at least two pairs, got ${d.length}`);
  const { mean, deviation } = meanAndDeviation(d);
  if (deviation === 0) throw new CrossmodalError(`pairedTTest: the differences must vary, all ${d.length} are ${mean}`);
  const statistic = mean / (deviation / Math.sqrt(d.length));
  return { statistic, pValue: studentTwoSided(statistic, d.length - 1) };
}

/**
 * Wilcoxon's signed-rank test: min(W+, W-) of the ranks of |a - b|, zero differences left out, equal ones sharing their
 * mean rank. The p value is exact (all 2^n signs are counted), also with ties.
 *
 * @param a scores, [n], n at most 1,000
 * @param b scores of the same runs, [n]
 * @throws CrossmodalError if all differences are zero or there are more than 1,000.
 * @see Wilcoxon (1945), Individual comparisons by ranking methods
 * @example wilcoxonSignedRank([5, 6, 7], [1, 1, 1]).statistic; // 0
 */
export function wilcoxonSignedRank(a: Numbers, b: Numbers): TestResult {
  const d = differences('wilcoxonSignedRank', a, b).filter((value) => value !== 0);
  if (d.length === 0 || d.length > 1000) {
    throw new CrossmodalError(`wilcoxonSignedRank: needs 1 to 1000 differences that are not zero, got ${d.length}`);
  }
  const ranks = doubledRanks(d.map(Math.abs));
  const total = ranks.reduce((x, y) => x + y, 0);
  const positive = ranks.reduce((sum, rank, i) => sum + ((d[i] as number) > 0 ? rank : 0), 0);
  const statistic = Math.min(positive, total - positive);

  // Share of the 2^n sign patterns that give each rank sum; halves at each step keep the numbers from overflowing.
  let shares = new Float64Array(total + 1);
  shares[0] = 1;
  for (const rank of ranks) {
    const next = new Float64Array(total + 1);
    for (let s = 0; s <= total; s++) {
      next[s] = (shares[s] as number) / 2 + (s >= rank ? (shares[s - rank] as number) / 2 : 0);
    }
    shares = next;
  }
  let tail = 0;
  for (let s = 0; s <= statistic; s++) tail += shares[s] as number;
  return { statistic: statistic / 2, pValue: Math.min(1, 2 * tail) };
}

/** Twice the rank of each value (so that mean ranks of ties are whole numbers). */
function doubledRanks(values: number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let k = from; k < to; k++) ranks[order[k] as number] = from + 1 + to;
    from = to;
  }
  return ranks;
}
