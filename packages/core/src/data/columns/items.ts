import { CrossmodalError } from '../../errors.js';
import type { HostArray } from '../host-array.js';

/** What a row gives, as an array with a shape. */
export function asHostArray(
  item: HostArray | ArrayLike<number> | undefined | null,
  dtype: 'float32' | 'int32',
): HostArray | undefined {
  if (item === undefined || item === null) return undefined;
  if ('shape' in item) return item;
  if (item instanceof Float32Array || item instanceof Int32Array || item instanceof Uint8Array) {
    return { data: item, shape: [item.length] };
  }
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
