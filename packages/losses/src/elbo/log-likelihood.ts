import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireThat, shapeOf } from '../internal/validate.js';

export interface LikelihoodOptions {
  /**
   * Leading axes that are kept: 1 for [batch, ...], 2 for [samples, batch, ...].
   * @default 1
   */
  batchDims?: number;
}

/** Sums the axes after the first `batchDims`. */
export function sumEvents(where: string, x: Tensor, batchDims: number): Tensor {
  requireThat(
    Number.isInteger(batchDims) && batchDims >= 0 && batchDims <= x.rank,
    where,
    () => `batchDims must be an integer from 0 to ${x.rank}, got ${batchDims} for ${shapeOf(x)}`,
  );
  const events = x.shape.slice(batchDims).map((_, i) => batchDims + i);
  return events.length === 0 ? tf.clone(x) : tf.sum(x, events);
}
