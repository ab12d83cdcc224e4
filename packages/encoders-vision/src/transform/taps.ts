/** What resizing interpolates with. */
export type ResizeKernel = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

/** For each output place, the first input place and the weights from there on. */
export interface Taps {
  starts: Int32Array;
  weights: Float64Array[];
}

const kernels: Record<Exclude<ResizeKernel, 'nearest'>, { support: number; value: (x: number) => number }> = {
  box: { support: 0.5, value: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { support: 1, value: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bilinear: { support: 1, value: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, value: (x) => cubic(x, -0.5) },
  lanczos: { support: 3, value: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Cubic convolution (Keys, 1981, eq. 15). */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The order of the passes matters where they round: this is PIL's, found by experiment with version 13. */
export function rowsFirst(
  [rows, columns]: readonly [number, number, ...unknown[]],
  height: number,
  width: number,
): boolean {
  return rows > height && rows - height > 2 * (columns - width);
}

export const resizeKernels: readonly ResizeKernel[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

/** The part of the output places that is wanted. */
export interface TapWindow {
  first: number;
  count: number;
}

/**
 * Taps of `to` places over `from`, or of a window of them: a picture of extreme proportions has millions of places, of which few are kept.
 * Without `antialias`, bilinear and bicubic kernels are not widened when shrinking.
 */
export function taps(
  from: number,
  to: number,
  kernel: ResizeKernel,
  antialias: boolean,
  { first: begin, count }: TapWindow = { first: 0, count: to },
): Taps {
  const scale = from / to;
  const starts = new Int32Array(count);
  const weights: Float64Array[] = [];
  for (let o = 0; o < count; o++) {
    const centre = (begin + o + 0.5) * scale;
    if (kernel === 'nearest') {
      starts[o] = Math.min(from - 1, Math.floor(centre));
      weights.push(new Float64Array([1]));
      continue;
    }
    const { support, value } = kernels[kernel];
    if (antialias || (kernel !== 'bilinear' && kernel !== 'bicubic')) {
      const stretch = Math.max(1, scale);
      const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
      const last = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
      const row = new Float64Array(last - first);
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += row[i] = value((first + i - centre + 0.5) / stretch);
      for (let i = 0; i < row.length; i++) row[i]! /= sum;
      starts[o] = first;
      weights.push(row);
    } else {
      const [first, row] = clamped(from, centre, support, kernel === 'bicubic' ? (x) => cubic(x, -0.75) : value);
      starts[o] = first;
      weights.push(row);
    }
  }
  return { starts, weights };
}

/** Without antialias, places beyond the edge repeat it. */
function clamped(from: number, centre: number, support: number, value: (x: number) => number): [number, Float64Array] {
  // Bilinear interpolation does not look before the first centre; cubic does, and repeats the edge.
  const at = support === 1 ? Math.max(0, centre - 0.5) : centre - 0.5;
  const left = Math.floor(at) - support + 1;
  const clamp = (i: number) => Math.min(from - 1, Math.max(0, i));
  const first = clamp(left);
  const row = new Float64Array(clamp(left + 2 * support - 1) - first + 1);
  for (let i = left; i < left + 2 * support; i++) row[clamp(i) - first]! += value(i - at);
  return [first, row];
}

/** Steps of a weight in sums over bytes: PIL's. */
const steps = 2 ** 22;

/** A weight to the nearest step, halves away from zero; in steps. */
export function inSteps(weight: number): number {
  const scaled = weight * steps;
  return Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5));
}

/** The weights as whole steps, in place. */
export function quantise(weights: Float64Array): void {
  for (let i = 0; i < weights.length; i++) weights[i] = inSteps(weights[i]!) / steps;
}
