import { describe, expect, it } from 'vitest';
import { extentName, fitExtent, sizeAt } from '../src/export/extent.js';

describe('sizes that follow the batch', () => {
  const batches = [4, 6, 8];
  const cases: [number[], string | number][] = [
    [[7, 7, 7], 7],
    [[4, 6, 8], 'batch'],
    [[12, 18, 24], '3*batch'],
    [[2, 3, 4], 'batch/2'],
    [[7, 10, 13], '3*batch/2 + 1'],
    [[3, 5, 7], 'batch - 1'],
    [[-3, -5, -7], '-1*batch + 1'],
  ];
  for (const [seen, name] of cases) {
    it(`${seen} at ${batches} is ${name}`, () => {
      const extent = fitExtent(seen, batches)!;
      expect(extentName(extent)).toBe(name);
      expect(batches.map((batch) => sizeAt(extent, batch))).toEqual(seen);
    });
  }

  it('finds none for squares, half steps, other fractions and coincidences of two', () => {
    for (const seen of [
      [16, 36, 64],
      [4, 6, 9],
      [4, 4, 5],
      [3, 4, 6],
    ])
      expect(fitExtent(seen, batches)).toBeUndefined();
    // Rounded up halves: (batch + 1) / 2 has no whole offset.
    expect(fitExtent([3, 4, 6], [5, 7, 11])).toBeUndefined();
    expect(fitExtent([5], [1])).toEqual({ numerator: 0, denominator: 1, offset: 5 });
  });
});
