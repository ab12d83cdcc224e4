import type { Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireOneOf } from '../../checks.js';
import { assertKnownOptions } from '../../known-options.js';
import { labelCodes } from '../../label-codes.js';
import type { Column } from '../collate.js';
import { checkNumber, origin } from './items.js';

/**
 * One number per row as a tensor [rows]. For identifiers of any size, see `groupNumbers`.
 *
 * @throws CrossmodalError when a number is missing or not finite, is a whole number that the kind of tensor cannot hold (float32 merges
 * them from 2^24 on, int32 ends at 2^31), or not an integer for int32.
 * @example
 * const rows = [{ label: 2 }, { label: 0 }];
 * const { label } = collate({ label: scalars((row: { label: number }) => row.label, { dtype: 'int32' }) })(rows); // [2, 0]
 */
export function scalars<Row>(
  get: (row: Row) => number | undefined,
  options: {
    /** @default 'float32' */
    dtype?: 'float32' | 'int32';
  } = {},
): Column<Row, Tensor1D> {
  assertKnownOptions('scalars', options, { dtype: true });
  const { dtype = 'float32' } = options;
  requireOneOf('scalars: dtype', dtype, ['float32', 'int32']);
  return (rows) => {
    const values = rows.map((row) => checkNumber('scalars: each row', get(row), dtype, origin(row)));
    return tf.tensor1d(values, dtype);
  };
}

/**
 * Which rows of a batch belong together, as a tensor [rows], int32: equal numbers for equal identifiers, counted from 0 within the batch.
 * Identifiers are texts or whole numbers of any size that JavaScript holds exactly; a row without one is a group of its own. For the
 * `groups` of a batch.
 *
 * @throws CrossmodalError when an identifier is neither text nor a whole number up to 2^53 - 1
 * @example
 * const rows = [{ photo: '1234567890123456788' }, { photo: '1234567890123456789' }, { photo: '1234567890123456788' }];
 * const { groups } = collate({ groups: groupNumbers((row: { photo: string }) => row.photo) })(rows); // [0, 1, 0]
 */
export function groupNumbers<Row>(get: (row: Row) => string | number | undefined | null): Column<Row, Tensor1D> {
  return (rows) => {
    const ids = rows.map((row, i) => get(row) ?? `\0row ${i}`);
    return tf.tensor1d(labelCodes('groupNumbers', { identifiers: ids }, { text: true }).identifiers, 'int32');
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
