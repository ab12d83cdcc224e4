import type { Random } from '@crossmodal/core';

/**
 * What the values inside a prenet are multiplied with at each step of each row: 0 with probability `rate`, else 1 / (1 - rate). Row i
 * draws from a stream of its own, so that what it says does not depend on the rows beside it.
 *
 * @returns gives those of the next step, [rows * values]
 */
export function prenetMasks(
  rows: number,
  { values, rate, random }: { values: number; rate: number; random: Random },
): () => Float32Array {
  const streams = Array.from({ length: rows }, (_, i) => random.fork(`row/${i}`));
  return () => {
    const masks = new Float32Array(rows * values);
    for (const [i, stream] of streams.entries()) stream.fillUniform(masks.subarray(i * values, (i + 1) * values));
    return masks.map((value) => (value < rate ? 0 : 1 / (1 - rate)));
  };
}
