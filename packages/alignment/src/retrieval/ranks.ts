import type { RelevantItems } from './relevance.js';

/** Ranks (from 1) of the right answers of one query, ascending, with their grades. */
export interface RankedAnswers {
  ranks: number[];
  grades: number[];
}

/**
 * Ranks of the relevant items when the gallery is sorted by descending score. An irrelevant item of equal score goes first,
 * so a model that gives every item the same score finds nothing, rather than whatever the order of the data suggests.
 *
 * O(gallery * log relevant): each irrelevant item moves down the relevant ones that do not beat it.
 *
 * @param scores one query's scores, read from `offset`, one per gallery item
 */
export function relevantRanks(
  scores: ArrayLike<number>,
  offset: number,
  gallery: number,
  { items, grades }: RelevantItems,
): RankedAnswers {
  const score = (item: number) => scores[offset + item] as number;
  const order = items.map((_, i) => i);
  order.sort((p, q) => {
    const difference = score(items[q] as number) - score(items[p] as number);
    return difference !== 0 ? difference : (grades[p] as number) - (grades[q] as number);
  });
  const sorted = order.map((i) => score(items[i] as number));
  const isRelevant = new Set(items);
  const ahead = new Array<number>(items.length + 1).fill(0);
  for (let j = 0; j < gallery; j++) {
    if (isRelevant.has(j)) continue;
    const value = score(j);
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) > value) low = middle + 1;
      else high = middle;
    }
    ahead[low] = (ahead[low] as number) + 1;
  }
  let beaten = 0;
  const ranks = sorted.map((_, i) => {
    beaten += ahead[i] as number;
    return i + 1 + beaten;
  });
  return { ranks, grades: order.map((i) => grades[i] as number) };
}

/**
 * Scores good enough to rank with: approximate ones, and exact ones wherever two that are compared lie so close that rounding could
 * exchange them. Only comparisons with a right answer matter, so few have to be made again.
 *
 * @param bound |approximate - exact| for this query
 */
export function exactWhereClose(
  approximate: ArrayLike<number>,
  bound: number,
  { items, grades }: RelevantItems,
  exact: (item: number) => number,
): Float64Array {
  const scores = Float64Array.from(approximate);
  const isExact = new Uint8Array(scores.length);
  const makeExact = (item: number) => {
    if (isExact[item]) return;
    isExact[item] = 1;
    scores[item] = exact(item);
  };
  // Where the device overflowed, nothing is known; the bound does not hold beside such a score either.
  for (let j = 0; j < scores.length; j++) if (!Number.isFinite(approximate[j])) makeExact(j);
  const isRelevant = new Set(items);
  const finite = (item: number) => Number.isFinite(approximate[item]);
  const order = items.filter(finite).sort((p, q) => (approximate[p] as number) - (approximate[q] as number));
  const sorted = Float64Array.from(order, (item) => approximate[item] as number);
  const near = 2.001 * bound; // the bound on both sides, and room for the sums below
  const evenGrades = grades.every((grade) => grade === grades[0]);
  for (let i = 1; i < order.length && !evenGrades; i++) {
    if ((sorted[i] as number) - (sorted[i - 1] as number) > near) continue;
    makeExact(order[i - 1] as number);
    makeExact(order[i] as number);
  }
  const starts = new Int32Array(order.length + 1); // how many windows begin at a right answer, minus those that have ended
  for (let j = 0; j < scores.length; j++) {
    if (isRelevant.has(j) || !finite(j)) continue;
    const value = approximate[j] as number;
    const from = firstAtLeast(sorted, value - near);
    const to = firstAtLeast(sorted, value + near);
    if (from === to) continue;
    makeExact(j);
    starts[from] = (starts[from] as number) + 1;
    starts[to] = (starts[to] as number) - 1;
  }
  let windows = 0;
  order.forEach((item, i) => {
    windows += starts[i] as number;
    if (windows > 0) makeExact(item);
  });
  return scores;
}

/** The first position of an ascending list whose value is not below x. */
function firstAtLeast(ascending: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
