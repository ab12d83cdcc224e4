/**
 * The first of float64 numbers that float32 cannot hold: one that becomes infinite or, where all are whole numbers (identifiers, counts), one
 * that becomes another whole number. Fractions are rounded, as is meant by reading them as float32.
 */
export function lostByRounding(size: number, read: (i: number) => number): number | undefined {
  let whole = true;
  let rounded: number | undefined;
  for (let i = 0; i < size; i++) {
    const value = read(i);
    const held = Math.fround(value);
    if (held === value || Number.isNaN(value)) {
      whole &&= Number.isInteger(value) || !Number.isFinite(value);
      continue;
    }
    if (!Number.isFinite(held)) return value;
    if (Number.isInteger(value)) rounded ??= value;
    else whole = false;
  }
  return whole ? rounded : undefined;
}

/** What is said to do about it. */
export const roundingRemedy = 'number identifiers anew from 0, or round them yourself: astype(numpy.float32)';
