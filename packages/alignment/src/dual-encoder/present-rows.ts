import type { Inputs } from '@crossmodal/core';
import { presentRows } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Inputs in which each missing row is a copy of one that is present. */
export function presentRowsOnly(inputs: Inputs, present: Tensor1D): Inputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, presentRows(tensor, present)]));
}

/** Embeddings in which missing rows are zero, whatever stood there, and have no gradient. */
export function zeroWhereMissing(rows: Tensor2D, present: Tensor1D): Tensor2D {
  return tf.tidy(() => {
    const shown = tf.broadcastTo(tf.expandDims(tf.greater(present, 0), 1), rows.shape);
    return tf.where(shown, rows, tf.zerosLike(rows));
  });
}
