import { CrossmodalError } from '../../errors.js';
import type { HostArray } from '../host-array.js';

/** What a row gives, as an array with a shape. */
export function asHostArray(
  item: HostArray | ArrayLike<number> | undefined | null,
  dtype: 'float32' | 'int32',
  where: string,
  row?: unknown,
): HostArray | undefined {
  if (item === undefined || item === null) return undefined;
  if ('shape' in item) return item;
  if (item instanceof Float32Array || item instanceof Int32Array || item instanceof Uint8Array) {
    return { data: item, shape: [item.length] };
  }
  checkValues(where, item, dtype, origin(row));
  return { data: dtype === 'int32' ? Int32Array.from(item) : Float32Array.from(item), shape: [item.length] };
}

/** The item itself, or undefined where it may be missing. @throws CrossmodalError where it may not. */
export function present<Row>(
  array: HostArray | undefined,
  row: Row,
  index: number,
  allowMissing: boolean,
): HostArray | undefined {
  if (!array && !allowMissing) {
    throw new CrossmodalError(`row ${index} of the batch has no such item${origin(row)}`, {
      remedy: 'filter such rows out, or pass allowMissing: true and use the mask',
    });
  }
  return array;
}

/** Where the row came from, for messages, when it says so. */
export function origin(row: unknown): string {
  const from = typeof row === 'object' && row !== null ? (row as { origin?: unknown }).origin : undefined;
  return typeof from === 'string' ? ` (item from ${from})` : '';
}

/** A number that a tensor of this kind holds as it is, up to rounding of fractions. */
export function checkNumber(what: string, value: unknown, dtype: 'float32' | 'int32', from = ''): number {
  const fail = (kind: string, remedy?: string) => {
    const given = typeof value === 'string' ? `the text '${value}'` : String(value);
    return new CrossmodalError(`${what} must give ${kind}, got ${given}${from}`, { remedy });
  };
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw fail(dtype === 'int32' ? 'an integer' : 'a finite number');
  }
  if (dtype === 'int32') {
    if (!Number.isInteger(value)) throw fail('an integer');
    if (value !== (value | 0)) throw fail('an integer that int32 holds', 'use groupNumbers for identifiers');
  } else if (!isHeld(value)) {
    throw fail('a number that float32 holds', "pass dtype: 'int32', or use groupNumbers for identifiers");
  }
  return value;
}

/** Whether float32 holds a finite number up to rounding of fractions: neither an infinity nor another whole number comes of it. */
function isHeld(value: number): boolean {
  const held = Math.fround(value);
  return held === value || (!Number.isInteger(value) && Number.isFinite(held));
}

/**
 * Refuses numbers that a tensor of this kind would change without a word: fractions, NaN and what is too large in int32; NaN, infinities and
 * whole numbers that it rounds in float32.
 */
export function checkValues(where: string, data: ArrayLike<number>, dtype: 'float32' | 'int32', from: string): void {
  if (data instanceof Uint8Array || (data instanceof Int32Array && dtype === 'int32')) return;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (dtype === 'int32' ? value === (value | 0) : Number.isFinite(value) && isHeld(value)) continue;
    const [kind, remedy] =
      dtype === 'int32'
        ? ['integers that int32 holds', "pass dtype: 'float32' for fractions"]
        : Number.isFinite(value)
          ? ['numbers that float32 holds', "pass dtype: 'int32', or use groupNumbers for identifiers"]
          : ['finite numbers', 'repair or leave out such items'];
    throw new CrossmodalError(`${where}: values must be ${kind}, got ${String(value)} at index ${i}${from}`, {
      remedy,
    });
  }
}
