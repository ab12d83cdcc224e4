/**
 * Multiply-saving convolution after Toom and Cook (for small sizes known as Winograd's): `m` outputs of a correlation
 * with `r` taps from `q = m + r - 1` products instead of m r.
 *
 *   y = A ((G w) * (B x)),  A [m, q], G [q, r], B [q, q], * elementwise
 *
 * Both the taps and the outputs are seen as polynomials, evaluated at q points; the transposed interpolation gives B.
 * @see Lavin, Gray: Fast Algorithms for Convolutional Neural Networks (2016), https://arxiv.org/abs/1509.09308
 */

export type Matrix = readonly (readonly number[])[];

export interface ToomCook {
  /** q x q, to the inputs of a tile. */
  input: Matrix;
  /** q x r, to the taps. */
  weight: Matrix;
  /** m x q, to the products. */
  output: Matrix;
}

const INFINITY = Number.POSITIVE_INFINITY;

/** Points of evaluation per number of products: small numbers and their inverses lose least to rounding. */
const points: Readonly<Record<number, readonly number[]>> = {
  1: [0],
  2: [0, INFINITY],
  3: [0, 1, INFINITY],
  4: [0, 1, -1, INFINITY],
  5: [0, 1, -1, 0.5, INFINITY],
  6: [0, 1, -1, 2, -0.5, INFINITY],
  7: [0, 1, -1, 2, -2, 0.5, INFINITY],
  8: [0, 1, -1, 2, -2, 0.5, -0.5, INFINITY],
};

/**
 * The most products of a tile. Rounding grows with them: with eight, errors stay below 1e-5 of the largest result, and
 * below 3e-5 in filter gradients of seven taps.
 */
export const MOST_POINTS = 8;

/** Powers of the points, one row each; at infinity only the highest coefficient counts. */
function evaluation(at: readonly number[], columns: number): number[][] {
  return at.map((point) =>
    Array.from({ length: columns }, (_, power) =>
      point === INFINITY ? Number(power === columns - 1) : point ** power,
    ),
  );
}

/** Inverse by elimination with pivots. */
function inverse(matrix: Matrix): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => Number(i === j))]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const top = rows[column]!;
    const scale = top[column]!;
    for (let j = 0; j < 2 * n; j++) top[j]! /= scale;
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const row = rows[i]!;
      const factor = row[column]!;
      if (factor !== 0) for (let j = 0; j < 2 * n; j++) row[j]! -= factor * top[j]!;
    }
  }
  return rows.map((row) => row.slice(n));
}

export const transposed = (matrix: Matrix): number[][] => matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));

/** The three matrices for m outputs and r taps; m + r - 1 is at most 8. Rows of B are scaled to a largest element of 1. */
export function toomCook(m: number, r: number): ToomCook {
  const q = m + r - 1;
  const at = points[q]!;
  const unscaled = transposed(inverse(evaluation(at, q)));
  const scales = unscaled.map((row) => Math.max(...row.map(Math.abs)));
  return {
    input: unscaled.map((row, i) => row.map((value) => value / scales[i]!)),
    weight: evaluation(at, r).map((row, i) => row.map((value) => value * scales[i]!)),
    output: transposed(evaluation(at, m)),
  };
}

/** One axis of a convolution cut into tiles. Inputs of different remainders by the stride are different channels. */
export interface TiledAxis {
  /** Products per tile, tiles, remainders (the stride). */
  q: number;
  tiles: number;
  phases: number;
  /** Rows (q, tiles, phases), columns: input positions. */
  input: Matrix;
  /** Rows (q, phases), columns: taps. */
  weight: Matrix;
  /** Rows: output positions, columns (q, tiles). */
  output: Matrix;
}

export interface AxisGeometry {
  size: number;
  out: number;
  kernel: number;
  stride: number;
  begin: number;
}

/** The matrices of a whole axis in tiles of `m` outputs; what reaches over the borders is zero, or cut off. */
export function tiledAxis({ size, out, kernel, stride, begin }: AxisGeometry, m: number): TiledAxis {
  const r = Math.ceil(kernel / stride);
  const q = m + r - 1;
  const tiles = Math.ceil(out / m);
  const { input: b, weight: g, output: a } = toomCook(m, r);
  const zeros = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  const input = zeros(q * tiles * stride, size);
  const weight = zeros(q * stride, kernel);
  const output = zeros(out, q * tiles);
  for (let p = 0; p < q; p++) {
    for (let phase = 0; phase < stride; phase++) {
      for (let tile = 0; tile < tiles; tile++) {
        for (let i = 0; i < q; i++) {
          const x = stride * (m * tile + i) + phase - begin;
          if (x >= 0 && x < size) input[(p * tiles + tile) * stride + phase]![x]! += b[p]![i]!;
        }
      }
      for (let tap = 0; tap < r; tap++) {
        const k = stride * tap + phase;
        if (k < kernel) weight[p * stride + phase]![k] = g[p]![tap]!;
      }
    }
    for (let tile = 0; tile < tiles; tile++) {
      for (let o = 0; o < m; o++) {
        if (m * tile + o < out) output[m * tile + o]![p * tiles + tile] = a[o]![p]!;
      }
    }
  }
  return { q, tiles, phases: stride, input, weight, output };
}
