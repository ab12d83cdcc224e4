import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireInteger, requireOneOf } from '../../checks.js';
import { CrossmodalError } from '../../errors.js';
import { assertKnownOptions } from '../../known-options.js';
import type { Column } from '../collate.js';
import { checkHostArray, type HostArray, sizeOfShape } from '../host-array.js';
import { asHostArray, checkValues, origin, present } from './items.js';

export interface PaddedOptions {
  /** @default 'int32' */
  dtype?: 'float32' | 'int32';
  /**
   * What stands where there is nothing.
   * @default 0
   */
  value?: number;
  /**
   * Smallest padded length, e.g. the receptive field of a convolution.
   * @default 1
   */
  minimum?: number;
  /**
   * Largest length.
   * @default 1_000_000
   */
  maximum?: number;
  /**
   * What becomes of items longer than `maximum`.
   * @default 'throw'
   */
  longer?: 'throw' | 'cut';
  /**
   * The padded length is a multiple of this: fewer different shapes, so fewer compilations.
   * @default 1
   */
  multiple?: number;
  /** Features per position; needed only where all items of a batch may be missing. */
  features?: number;
  /**
   * A missing item becomes padding only, with a mask of zeros; see `presence`.
   * @default false
   */
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
 * @throws CrossmodalError when an item is too long, has another number of features or values that are not finite (int32: no integers), or is missing without `allowMissing`.
 * @example
 * const { codes } = collate({ codes: padded((row: number[]) => row) })([[1, 2, 3], [4]]);
 * codes.values; // [[1, 2, 3], [4, 0, 0]]
 * codes.mask; // [[1, 1, 1], [1, 0, 0]]
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
    ...others
  }: PaddedOptions = {},
): Column<Row, PaddedBatch> {
  assertKnownOptions('padded', others, [
    'dtype',
    'value',
    'minimum',
    'maximum',
    'longer',
    'multiple',
    'features',
    'allowMissing',
  ]);
  requireOneOf('padded: dtype', dtype, ['float32', 'int32']);
  requireOneOf('padded: longer', longer, ['throw', 'cut']);
  requireInteger('padded: minimum', minimum, 0);
  requireInteger('padded: maximum', maximum);
  requireInteger('padded: multiple', multiple);
  if (features !== undefined) requireInteger('padded: features', features);
  checkValues('padded: value', [value], dtype, '');

  return (rows) => {
    const arrays = rows.map((row, i) => present(asHostArray(get(row), dtype, 'padded', row), row, i, allowMissing));
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
      checkValues('padded', array.data, dtype, origin(rows[i]));
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
