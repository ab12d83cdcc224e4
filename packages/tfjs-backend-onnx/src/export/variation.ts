import type { Numbers } from '../ir/graph.js';

/**
 * How constants follow the batch size b: with u = b or 1 / b, element i is c0 + c1 u + c2 u², or one over that. Counts
 * of elements and of pairs, their inverses and their quotients are of this kind.
 */
export interface Variation {
  /** u = 1 / b. */
  perBatch: boolean;
  /** One over the sum. */
  inverse: boolean;
  /** Three coefficients per element. */
  coefficients: Coefficients[];
}

type Coefficients = readonly [number, number, number];

/** A constant is read as float32. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));

/** Counts are whole numbers; what is left of rounding goes. */
const whole = (value: number): number => (Math.abs(value - Math.round(value)) < 1e-4 ? Math.round(value) : value);

/** How constants of equal length follow the batch size, or undefined. */
export function variationOf(seen: readonly Numbers[], batches: readonly number[]): Variation | undefined {
  const { length } = seen[0]!;
  if (length === 0 || seen.some((numbers) => numbers.length !== length)) return undefined;
  for (const perBatch of [false, true]) {
    for (const inverse of [false, true]) {
      const coefficients: Coefficients[] = [];
      for (let i = 0; i < length; i++) {
        const values = seen.map((numbers) => (inverse ? 1 / Number(numbers[i]) : Number(numbers[i])));
        const each = curve(values, perBatch ? batches.map((batch) => 1 / batch) : batches);
        if (each === undefined) break;
        coefficients.push(each);
      }
      if (coefficients.length === length) return { perBatch, inverse, coefficients };
    }
  }
  return undefined;
}

/** The simplest curve through all points, of a degree that leaves points over to tell a curve from a coincidence. */
function curve(values: readonly number[], at: readonly number[]): Coefficients | undefined {
  const [v1, v2, v3] = values as [number, number, number];
  const [b1, b2, b3] = at as [number, number, number];
  const slope = (v2 - v1) / (b2 - b1);
  const candidates: Coefficients[] = [
    [v1, 0, 0],
    [0, v1 / b1, 0],
    [0, 0, v1 / b1 ** 2],
    [whole(v1 - slope * b1), whole(slope), 0],
  ];
  if (values.length > 3) {
    const square = ((v3 - v1) / (b3 - b1) - slope) / (b3 - b2);
    const linear = slope - square * (b1 + b2);
    candidates.push([whole(v1 - linear * b1 - square * b1 ** 2), whole(linear), whole(square)]);
  }
  return candidates.find(([c0, c1, c2]) =>
    values.every((value, i) => near(value, c0 + c1 * at[i]! + c2 * at[i]! ** 2)),
  );
}
