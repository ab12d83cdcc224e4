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
