import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';

/** Numbers of one axis: an array, a typed array or a tensor (which is read synchronously). */
export type Numbers = ArrayLike<number> | Tensor;

/** Numbers of two axes: an array of rows, or a [rows, columns] tensor (which is read synchronously). */
export type NumberRows = readonly ArrayLike<number>[] | Tensor2D;

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataSync' in value && 'shape' in value;
}

/** The numbers themselves. @throws if there are none, if one is not finite, or if the tensor has another rank than one. */
export function finiteNumbers(where: string, name: string, values: Numbers): ArrayLike<number> {
  if (isTensor(values) && values.rank !== 1) {
    throw new CrossmodalError(`${where}: ${name} must have one axis, got shape [${values.shape}]`);
  }
  const flat = isTensor(values) ? values.dataSync() : values;
  if (typeof flat !== 'object' || flat === null || !(flat.length > 0)) {
    throw new CrossmodalError(`${where}: ${name} must hold at least one number, got ${flat?.length ?? typeof flat}`);
  }
  for (let i = 0; i < flat.length; i++) {
    if (!Number.isFinite(flat[i])) {
      throw new CrossmodalError(`${where}: ${name} must be finite numbers, got ${String(flat[i])} at index ${i}`);
    }
  }
  return flat;
}

/** Checked class numbers. @throws if one is not an integer in [0, classes), or so large that its kind of number may have merged it with others. */
export function classLabels(
  where: string,
  name: string,
  values: Numbers,
  classes = Number.POSITIVE_INFINITY,
): ArrayLike<number> {
  const flat = finiteNumbers(where, name, values);
  for (let i = 0; i < flat.length; i++) {
    const label = flat[i] as number;
    if (!Number.isSafeInteger(label) || label < 0 || label >= classes) {
      const range = Number.isFinite(classes) ? `in [0, ${classes})` : 'from 0 to 2^53 - 1';
      throw new CrossmodalError(`${where}: ${name} must be integers ${range}, got ${label} at index ${i}`);
    }
    if (flat instanceof Float32Array && label >= 2 ** 24) {
      throw new CrossmodalError(
        `${where}: ${name} of float32 must be below 2^24, beyond which it cannot tell them apart, got ${label} at index ${i}`,
        { remedy: 'pass an array, or make the tensor int32' },
      );
    }
  }
  return flat;
}

/** @throws unless both have the same length. */
export function sameLength(where: string, left: ArrayLike<unknown>, right: ArrayLike<unknown>): void {
  if (left.length !== right.length) {
    throw new CrossmodalError(
      `${where}: both arguments must have equal length, got ${left.length} and ${right.length}`,
    );
  }
}

/** The rows of a matrix. @throws if there are none, if their lengths differ, or if a number is not finite. */
export function finiteRows(where: string, name: string, matrix: NumberRows): readonly ArrayLike<number>[] {
  const rows = isTensor(matrix) ? tensorRows(where, name, matrix) : matrix;
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new CrossmodalError(`${where}: ${name} must hold at least one row`);
  }
  const width = (rows[0] as ArrayLike<number> | undefined)?.length;
  rows.forEach((row: ArrayLike<number>, index) => {
    if (row?.length !== width) {
      throw new CrossmodalError(
        `${where}: all rows of ${name} must have length ${width}, row ${index} has ${row?.length}`,
      );
    }
    finiteNumbers(where, `${name}[${index}]`, row);
  });
  return rows;
}

function tensorRows(where: string, name: string, matrix: Tensor): ArrayLike<number>[] {
  const [rows, columns] = matrix.shape;
  if (matrix.rank !== 2 || rows === undefined || columns === undefined) {
    throw new CrossmodalError(`${where}: ${name} must have two axes, got shape [${matrix.shape}]`);
  }
  const flat = matrix.dataSync();
  return Array.from({ length: rows }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}

/** Index of the largest value, the first of several equal ones. */
export function argMax(row: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}
