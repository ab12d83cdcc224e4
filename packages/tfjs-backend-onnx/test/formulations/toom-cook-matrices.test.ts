import { describe, expect, it } from 'vitest';
import { type Matrix, MOST_POINTS, tiledAxis, toomCook } from '../../src/formulations/toom-cook-matrices.js';
import { generator } from '../random-networks.js';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const apply = (matrix: Matrix, x: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));

/** m outputs and r taps, wherever m + r - 1 products suffice. */
const sizes = range(MOST_POINTS)
  .flatMap((i) => range(MOST_POINTS).map((j) => [i + 1, j + 1] as const))
  .filter(([m, r]) => m + r - 1 <= MOST_POINTS);

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  // Double precision: what remains is the conditioning of the points.
  expect(Float64Array.from(actual)).toBeAllclose(Float64Array.from(expected), { rtol: 1e-12, atol: 1e-12 });
}

describe('Toom-Cook matrices', () => {
  it.each(sizes)('%d outputs of %d taps equal the correlation', (m, r) => {
    const q = m + r - 1;
    const { input, weight, output } = toomCook(m, r);
    expect([
      input.length,
      input[0]!.length,
      weight.length,
      weight[0]!.length,
      output.length,
      output[0]!.length,
    ]).toEqual([q, q, q, r, m, q]);
    for (let seed = 1; seed <= 5; seed++) {
      const random = generator(seed + 100 * m + r);
      const x = range(q).map(() => 2 * random() - 1);
      const w = range(r).map(() => 2 * random() - 1);
      const [v, u] = [apply(input, x), apply(weight, w)];
      const y = apply(
        output,
        v.map((value, i) => value * u[i]!),
      );
      expectClose(
        y,
        range(m).map((o) => w.reduce((sum, tap, k) => sum + tap * x[o + k]!, 0)),
      );
    }
  });

  it.each(sizes)('rows for the inputs of %d, %d are scaled to a largest element of one', (m, r) => {
    for (const row of toomCook(m, r).input) expect(Math.max(...row.map(Math.abs))).toBe(1);
  });

  it('F(2, 3) is the known one, up to the scale and sign of each product', () => {
    const { input, weight, output } = toomCook(2, 3);
    // Lavin and Gray (2016), equation 6; points 0, 1, -1 and infinity.
    const known = {
      input: [
        [1, 0, -1, 0],
        [0, 1, 1, 0],
        [0, -1, 1, 0],
        [0, 1, 0, -1],
      ],
      weight: [
        [1, 0, 0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0, 0, 1],
      ],
      output: [
        [1, 1, 1, 0],
        [0, 1, -1, -1],
      ],
    };
    // Product i is output column times weight row times input row: a tensor that no scaling changes.
    const tensor = (m: { input: Matrix; weight: Matrix; output: Matrix }) =>
      range(4).map((i) => m.output.map((a) => m.weight[i]!.map((g) => m.input[i]!.map((b) => a[i]! * g * b + 0))));
    expect(tensor({ input, weight, output })).toEqual(tensor(known));
  });
});

describe('a whole axis in tiles', () => {
  const geometries = [1, 2, 3].flatMap((stride) =>
    [1, 2, 3, 4, 5, 7].flatMap((kernel) =>
      [1, 2, 5, 8, 13].flatMap((size) =>
        [0, 1, kernel - 1].flatMap((begin) => {
          // As much padding behind as in front, or one more.
          const outs = [0, 1].map((more) => Math.floor((size + 2 * begin + more - kernel) / stride) + 1);
          return [...new Set(outs)].filter((out) => out > 0).map((out) => ({ stride, kernel, size, begin, out }));
        }),
      ),
    ),
  );

  it.each([1, 2, 3, 4, 6])('of %d outputs equals the direct form, for odd sizes, strides 1 to 3 and paddings', (m) => {
    let count = 0;
    for (const geometry of geometries) {
      const { stride, kernel, size, begin, out } = geometry;
      if (m + Math.ceil(kernel / stride) - 1 > MOST_POINTS) continue;
      count++;
      const random = generator(7 * stride + 11 * kernel + 13 * size + begin);
      const x = range(size).map(() => 2 * random() - 1);
      const w = range(kernel).map(() => 2 * random() - 1);
      const { q, tiles, phases, input, weight, output } = tiledAxis(geometry, m);
      expect([tiles, phases]).toEqual([Math.ceil(out / m), stride]);
      const [v, u] = [apply(input, x), apply(weight, w)];
      const products = range(q).flatMap((p) =>
        range(tiles).map((tile) =>
          range(phases).reduce(
            (sum, phase) => sum + v[(p * tiles + tile) * phases + phase]! * u[p * phases + phase]!,
            0,
          ),
        ),
      );
      expectClose(
        apply(output, products),
        range(out).map((o) => w.reduce((sum, tap, k) => sum + tap * (x[o * stride + k - begin] ?? 0), 0)),
      );
    }
    expect(count).toBeGreaterThan(100);
  });
});
