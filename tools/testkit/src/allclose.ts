import type { Tensor } from '@tensorflow/tfjs-core';

export interface ClosenessOptions {
  /** Relative tolerance, on the expected value. */
  rtol?: number;
  /** Absolute tolerance. */
  atol?: number;
}

type Nested = number | boolean | readonly Nested[];
export type Comparable = Tensor | Nested | Float32Array | Int32Array | Uint8Array | Float64Array;

interface Flat {
  values: ArrayLike<number>;
  /** Unknown for a bare typed array: then only the length is compared. */
  shape: number[] | undefined;
}

function isTensor(value: Comparable): value is Tensor {
  return typeof value === 'object' && 'dataSync' in value;
}

function flatten(value: Comparable): Flat {
  if (typeof value === 'number' || typeof value === 'boolean') return { values: [Number(value)], shape: [] };
  if (isTensor(value)) return { values: Float64Array.from(value.dataSync()), shape: value.shape };
  if (ArrayBuffer.isView(value)) return { values: value as Float32Array, shape: undefined };
  const shape: number[] = [];
  for (let inner: Nested | undefined = value as Nested; Array.isArray(inner); inner = inner[0])
    shape.push(inner.length);
  return { values: (value as readonly number[]).flat(Number.POSITIVE_INFINITY).map(Number), shape };
}

/**
 * Compares two arrays: shape first, then NaN and infinities (which must stand in the same places), then
 * |actual - expected| <= atol + rtol * |expected|. Returns undefined when close, else the first and the worst difference.
 */
export function allclose(
  actual: Comparable,
  expected: Comparable,
  { rtol = 1e-5, atol = 1e-6 }: ClosenessOptions = {},
): string | undefined {
  if (!(rtol >= 0 && atol >= 0 && Number.isFinite(rtol) && Number.isFinite(atol))) {
    return `tolerances must be finite and not negative, got rtol ${rtol} and atol ${atol}`;
  }
  const a = flatten(actual);
  const e = flatten(expected);
  if (a.shape && e.shape && a.shape.join() !== e.shape.join()) {
    return `shapes differ: actual [${a.shape}], expected [${e.shape}]`;
  }
  if (a.values.length !== e.values.length) {
    return `sizes differ: actual ${a.values.length}, expected ${e.values.length}`;
  }
  // Of empty tensors at least the shapes were compared.
  if (a.values.length === 0 && !(isTensor(actual) && isTensor(expected)))
    return 'there is nothing to compare: both are empty';
  let worst = -1;
  let worstExcess = 0;
  let count = 0;
  for (let i = 0; i < a.values.length; i++) {
    const x = a.values[i] as number;
    const y = e.values[i] as number;
    if (Object.is(x, y) || x === y) continue;
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    const allowed = atol + rtol * Math.abs(y);
    const excess = allowed > 0 ? Math.abs(x - y) / allowed : Number.POSITIVE_INFINITY;
    if (Number.isFinite(x) && Number.isFinite(y) && excess <= 1) continue;
    count++;
    const score = Number.isFinite(excess) ? excess : Number.POSITIVE_INFINITY;
    if (worst < 0 || score > worstExcess) {
      worst = i;
      worstExcess = score;
    }
  }
  if (count === 0) return undefined;
  return (
    `${count} of ${a.values.length} values differ (rtol ${rtol}, atol ${atol}); ` +
    `worst at flat index ${worst}: actual ${a.values[worst]}, expected ${e.values[worst]}`
  );
}
