import type { Tensor, Tensor1D, Tensor2D, TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { discard } from './discard.js';
import { checkHostArray, type HostArray, sizeOfShape } from './host-array.js';

/** Turns rows into one tensor, or into several that belong together. */
export type Column<Row, Out extends TensorContainer> = (rows: readonly Row[]) => Out;

/** The batch that columns make. */
export type Collated<C> = { [Name in keyof C]: C[Name] extends (rows: never) => infer Out ? Out : never };

/** The rows that all columns understand. */
type RowOf<C> = {
  [Name in keyof C]: C[Name] extends (rows: readonly (infer Row)[]) => unknown ? (row: Row) => void : never;
}[keyof C] extends (row: infer Row) => void
  ? Row
  : never;

/**
 * A function from rows to a batch with one entry per column. On a pipeline of arrays, `.collate(columns)` does the same.
 *
 * @throws CrossmodalError what the columns throw; tensors made before that are disposed.
 * @example
 * const toBatch = collate({
 *   text: padded((row: { codes: number[] }) => row.codes),
 *   label: scalars((row: { label: number }) => row.label, { dtype: 'int32' }),
 * });
 */
export function collate<C extends Record<string, Column<never, TensorContainer>>>(
  columns: C,
): (rows: readonly RowOf<C>[]) => Collated<C> {
  return (rows) => {
    if (rows.length === 0) throw new CrossmodalError('collate: rows must hold at least one item, got none');
    const batch: Record<string, TensorContainer> = {};
    try {
      for (const [name, column] of Object.entries(columns)) {
        try {
          batch[name] = (column as Column<RowOf<C>, TensorContainer>)(rows);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new CrossmodalError(`collate: column "${name}": ${reason}`, { cause: error });
        }
      }
    } catch (error) {
      discard(batch);
      throw error;
    }
    return batch as Collated<C>;
  };
}

export interface StackedOptions {
  dtype?: 'float32' | 'int32';
  /** Each value is multiplied by this, e.g. 1/255 for bytes. */
  scale?: number;
  /** Shape of one item; needed only where all items of a batch may be missing. */
  shape?: readonly number[];
  /** A missing item becomes zeros instead of an error; see `presence`. */
  allowMissing?: boolean;
}

/**
 * Arrays of equal shape as one tensor [rows, ...shape].
 *
 * @throws CrossmodalError when shapes differ, or when an item is missing and `allowMissing` is not set.
 */
export function stacked<Row>(
  get: (row: Row) => HostArray | ArrayLike<number> | undefined,
  { dtype = 'float32', scale = 1, shape, allowMissing = false }: StackedOptions = {},
): Column<Row, Tensor> {
  return (rows) => {
    const arrays = rows.map((row, i) => present(asHostArray(get(row), dtype), row, i, allowMissing));
    const common = shape ?? arrays.find((array) => array)?.shape;
    if (!common) {
      throw new CrossmodalError('stacked: all items of the batch are missing', {
        remedy: 'pass shape, the shape of one item',
      });
    }
    const size = sizeOfShape('stacked', common);
    const values = dtype === 'int32' ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size);
    arrays.forEach((array, i) => {
      if (!array) return;
      if (array.shape.join() !== common.join()) {
        throw new CrossmodalError(`stacked: items must have shape [${common}], got [${array.shape}]${origin(rows[i])}`);
      }
      checkHostArray('stacked', array);
      if (scale === 1) values.set(array.data, i * size);
      else for (let k = 0; k < size; k++) values[i * size + k] = (array.data[k] as number) * scale;
    });
    return tf.tensor(values, [rows.length, ...common], dtype);
  };
}

export interface PaddedOptions {
  dtype?: 'float32' | 'int32';
  /** What stands where there is nothing. */
  value?: number;
  /** Smallest padded length, e.g. the receptive field of a convolution. */
  minimum?: number;
  /** Largest length. */
  maximum?: number;
  /** What becomes of items longer than `maximum`. */
  longer?: 'throw' | 'cut';
  /** The padded length is a multiple of this: fewer different shapes, so fewer compilations. */
  multiple?: number;
  /** Features per position; needed only where all items of a batch may be missing. */
  features?: number;
  /** A missing item becomes padding only, with a mask of zeros; see `presence`. */
  allowMissing?: boolean;
}

/** Sequences of one batch with a mask that is 1 where there is something and 0 where there is padding. */
export interface PaddedBatch {
  [name: string]: Tensor;
  /** [rows, length] or [rows, length, features]. */
  values: Tensor;
  /** [rows, length], float32. */
  mask: Tensor2D;
}

/**
 * Sequences of different lengths, [length] or [length, features], padded at the end to the longest of the batch.
 *
 * @throws CrossmodalError when an item is too long, has another number of features, or is missing without `allowMissing`.
 */
export function padded<Row>(
  get: (row: Row) => HostArray | ArrayLike<number> | undefined,
  {
    dtype = 'int32',
    value = 0,
    minimum = 1,
    maximum = 1_000_000,
    longer = 'throw',
    multiple = 1,
    features,
    allowMissing = false,
  }: PaddedOptions = {},
): Column<Row, PaddedBatch> {
  return (rows) => {
    const arrays = rows.map((row, i) => present(asHostArray(get(row), dtype), row, i, allowMissing));
    const tails = arrays.flatMap((array) => (array ? [array.shape.slice(1)] : []));
    const tail = tails[0] ?? (features === undefined ? [] : [features]);
    const width = sizeOfShape('padded', tail);
    let longest = minimum;
    arrays.forEach((array, i) => {
      if (!array) return;
      checkHostArray('padded', array);
      const items = array.shape[0] ?? 0;
      if (array.shape.length < 1 || array.shape.length > 2 || array.shape.slice(1).join() !== tail.join()) {
        throw new CrossmodalError(
          `padded: items must have shape [length${tail.length > 0 ? `, ${tail}` : ''}], got [${array.shape}]${origin(rows[i])}`,
        );
      }
      if (items > maximum && longer === 'throw') {
        throw new CrossmodalError(`padded: items must be at most ${maximum} long, got ${items}${origin(rows[i])}`, {
          remedy: "raise maximum, filter the rows, or pass longer: 'cut'",
        });
      }
      longest = Math.max(longest, Math.min(items, maximum));
    });
    const length = Math.ceil(longest / multiple) * multiple;
    const values =
      dtype === 'int32' ? new Int32Array(rows.length * length * width) : new Float32Array(rows.length * length * width);
    const mask = new Float32Array(rows.length * length);
    if (value !== 0) values.fill(value);
    arrays.forEach((array, i) => {
      if (!array) return;
      const items = Math.min(array.shape[0] ?? 0, maximum);
      values.set(array.data.subarray(0, items * width), i * length * width);
      mask.fill(1, i * length, i * length + items);
    });
    return {
      values: tf.tensor(values, [rows.length, length, ...tail], dtype),
      mask: tf.tensor2d(mask, [rows.length, length]),
    };
  };
}

/**
 * One number per row as a tensor [rows].
 *
 * @throws CrossmodalError when a number is missing or not finite, or not an integer for int32.
 */
export function scalars<Row>(
  get: (row: Row) => number | undefined,
  { dtype = 'float32' }: { dtype?: 'float32' | 'int32' } = {},
): Column<Row, Tensor1D> {
  return (rows) => {
    const values = rows.map((row) => {
      const value = get(row);
      if (value === undefined || !Number.isFinite(value) || (dtype === 'int32' && !Number.isInteger(value))) {
        const kind = dtype === 'int32' ? 'an integer' : 'a finite number';
        throw new CrossmodalError(`scalars: each row must give ${kind}, got ${value}${origin(row)}`);
      }
      return value;
    });
    return tf.tensor1d(values, dtype);
  };
}

/** 1 for each row that has the item, 0 for each that lacks it, [rows]: the mask of a missing modality. */
export function presence<Row>(get: (row: Row) => unknown): Column<Row, Tensor1D> {
  return (rows) => tf.tensor1d(rows.map((row) => Number(get(row) !== undefined && get(row) !== null)));
}

function asHostArray(
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

function present<Row>(
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

function origin(row: unknown): string {
  const from = typeof row === 'object' && row !== null ? (row as { origin?: unknown }).origin : undefined;
  return typeof from === 'string' ? ` (item from ${from})` : '';
}
