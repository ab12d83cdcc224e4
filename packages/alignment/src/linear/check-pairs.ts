import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** Refuses anything but two non-empty matrices of equally many rows, row i of one belonging to row i of the other. */
export function checkPairs(caller: string, a: Tensor2D, b: Tensor2D): void {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[0] !== b.shape[0] || a.size === 0 || b.size === 0) {
    throw new CrossmodalError(
      `${caller}: a and b must be matrices [pairs, dimension] with equally many rows, got [${a.shape}] and [${b.shape}]`,
    );
  }
}

/** Refuses a regularisation that is negative or not a number. */
export function checkRegularisation(caller: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new CrossmodalError(`${caller}: regularisation must be finite and not negative, got ${value}`);
  }
}
