import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../../errors.js';
import type { Column } from '../collate.js';
import { origin } from './items.js';

/**
 * One number per row as a tensor [rows].
 *
 * @throws CrossmodalError when a number is missing or not finite, or not an integer for int32.
 * @example
 * const rows = [{ label: 2 }, { label: 0 }];
 * const { label } = collate({ label: scalars((row: { label: number }) => row.label, { dtype: 'int32' }) })(rows); // [2, 0]
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

/**
 * 1 for each row that has the item, 0 for each that lacks it, [rows]: the mask of a missing modality.
 *
 * @example
 * const rows = [{ image: 'a.jpg' }, { image: undefined }];
 * const { hasImage } = collate({ hasImage: presence((row: { image?: string | undefined }) => row.image) })(rows); // [1, 0]
 */
export function presence<Row>(get: (row: Row) => unknown): Column<Row, Tensor1D> {
  return (rows) => tf.tensor1d(rows.map((row) => Number(get(row) !== undefined && get(row) !== null)));
}
