import { CrossmodalError } from '../errors.js';

export type HostValues = Float32Array | Int32Array | Uint8Array;

/** An array in plain memory, as decoders give it: cheap to move between threads, to cache and to stack into a tensor. */
export interface HostArray {
  readonly data: HostValues;
  /** Row-major; an image is [height, width, channels], a sound [samples] or [frames, features]. */
  readonly shape: readonly number[];
}

/** Number of elements of a shape. @throws CrossmodalError unless all dimensions are integers of at least 0. */
export function sizeOfShape(where: string, shape: readonly number[]): number {
  let size = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new CrossmodalError(`${where}: dimensions must be integers of at least 0, got [${shape}]`);
    }
    size *= dimension;
  }
  if (!Number.isSafeInteger(size)) throw new CrossmodalError(`${where}: shape [${shape}] is too large`);
  return size;
}

/** @throws CrossmodalError unless data and shape fit together. */
export function checkHostArray(where: string, array: HostArray): HostArray {
  const size = sizeOfShape(where, array.shape);
  if (array.data.length !== size) {
    throw new CrossmodalError(
      `${where}: ${array.data.length} values do not fill shape [${array.shape}], which has ${size}`,
    );
  }
  return array;
}
