import { Random } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import { likelyTokens } from '../../src/generation/likely-tokens.js';

/** Sorted as a whole. */
function naive(weights: Float64Array, topK: number, topP: number): number[] {
  const order = [...weights.keys()]
    .filter((token) => weights[token]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b)
    .slice(0, topK);
  const total = order.reduce((sum, token) => sum + weights[token]!, 0);
  let sum = 0;
  return order.filter((token) => {
    const isWanted = sum < topP * total;
    sum += weights[token]!;
    return isWanted;
  });
}

describe('likelyTokens', () => {
  const random = new Random(1);
  // Whole numbers, so that there are ties and sums are exact; a tenth has no weight.
  const rows = {
    flat: Float64Array.from({ length: 3000 }, () => 1 + random.integer(3)),
    peaked: Float64Array.from({ length: 3000 }, (_, i) => (i % 10 === 0 ? 0 : random.integer(9) ** 5)),
    short: Float64Array.of(0, 4, 4, 1),
  };

  it.each(Object.keys(rows) as (keyof typeof rows)[])('is what sorting the whole vocabulary gives: %s', (name) => {
    for (const topP of [0.01, 0.5, 0.9, 0.999]) {
      expect(likelyTokens(rows[name], { topK: undefined, topP })).toEqual(naive(rows[name], 3000, topP));
      for (const topK of [1, 2, 50, 5000]) {
        expect(likelyTokens(rows[name], { topK, topP })).toEqual(naive(rows[name], topK, topP));
      }
    }
  });

  it('is all tokens with a weight where nothing is left out', () => {
    expect(likelyTokens(rows.short, { topK: undefined, topP: 1 })).toEqual([1, 2, 3]);
    expect(likelyTokens(rows.short, { topK: 9, topP: 1 })).toEqual([1, 2, 3]);
  });
});
