/**
 * Places of `count` frames spread evenly over a clip of `total`: the middle of each of `count` equal parts; all of them when
 * there are not more.
 *
 * @see Wang et al.: Temporal segment networks (2016), section 3.1
 */
export function evenly(total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
}
