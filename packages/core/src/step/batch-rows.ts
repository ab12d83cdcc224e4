import type { Tensor, TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';

/** The tensors of a batch with the path to each: `image/pixels`. */
export function batchTensors(batch: unknown, path: readonly string[] = []): [path: string, tensor: Tensor][] {
  if (batch instanceof tf.Tensor) return [[path.join('/') || 'the batch', batch]];
  if (typeof batch !== 'object' || batch === null || ArrayBuffer.isView(batch)) return [];
  return Object.entries(batch).flatMap(([key, item]) => batchTensors(item, [...path, key]));
}

/**
 * The first dimension that all tensors of a batch share; scalars have none.
 * @throws CrossmodalError when they do not share one
 */
export function sharedRows(caller: string, batch: unknown): number {
  const tensors = batchTensors(batch).filter(([, { rank }]) => rank > 0);
  const rows = tensors[0]?.[1].shape[0] ?? 0;
  if (rows > 0 && tensors.every(([, { shape }]) => shape[0] === rows)) return rows;
  const list = tensors.map(([path, { shape }]) => `${path} ${shape[0]}`).join(', ');
  throw new CrossmodalError(`${caller}: all tensors of a batch must have one number of rows, got ${list || 'none'}`);
}

/** Rows `start` to `start + rows` of every tensor of a batch; what is no tensor of rows stays as it is. */
export function sliceRows<Batch>(batch: Batch, start: number, rows: number): Batch {
  const slice = (item: unknown): unknown => {
    if (item instanceof tf.Tensor) {
      if (item.rank === 0) return item;
      const rest = item.shape.slice(1);
      return tf.slice(item, [start, ...rest.map(() => 0)], [rows, ...rest]);
    }
    if (Array.isArray(item)) return item.map(slice);
    if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item)) return item;
    return Object.fromEntries(
      Object.entries(item).flatMap(([key, value]) => (value === undefined ? [] : [[key, slice(value)]])),
    );
  };
  return slice(batch) as Batch;
}

/** Disposes of the slices of a batch, not of what they share with it. */
export function disposeSlices(slices: unknown, batch: unknown): void {
  const own = new Set(batchTensors(batch).map(([, tensor]) => tensor));
  const made = batchTensors(slices).flatMap(([, tensor]) => (own.has(tensor) ? [] : [tensor]));
  tf.dispose(made as TensorContainer);
}
