import type { Random } from '@crossmodal/core';

/**
 * Rows to begin a clustering from: the first at random, each further one with a probability in proportion to its squared
 * distance from those before (k-means++).
 *
 * @see Arthur and Vassilvitskii, k-means++ (2007), section 2.2
 */
export function initialMeans(rows: readonly number[][], count: number, random: Random): number[][] {
  const means = [rows[random.integer(rows.length)] as number[]];
  const nearest = rows.map(() => Number.POSITIVE_INFINITY);
  while (means.length < count) {
    const last = means.at(-1) as number[];
    let total = 0;
    rows.forEach((row, i) => {
      let squared = 0;
      for (let d = 0; d < row.length; d++) squared += ((row[d] as number) - (last[d] as number)) ** 2;
      nearest[i] = Math.min(nearest[i] as number, squared);
      total += nearest[i] as number;
    });
    let left = random.uniform() * total;
    let chosen = nearest.findIndex((squared) => {
      left -= squared;
      return left < 0;
    });
    if (chosen < 0) chosen = random.integer(rows.length); // all rows are means already
    means.push(rows[chosen] as number[]);
  }
  return means;
}
