import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from '../pairs/pairs.js';
import { oneHot } from './one-hot.js';
import { stopGradient } from './stop-gradient.js';
import { requireThat, shapeOf } from './validate.js';

/**
 * [rows, classes] with a 1 at each row's label. Labels given as numbers are checked; a label tensor is not read, and a label
 * outside [0, classes) gives a row of zeros.
 */
export function classMask(where: string, labels: Labels, rows: number, classes: number): Tensor2D {
  if (Array.isArray(labels)) {
    requireThat(
      labels.length === rows,
      where,
      () => `labels must have one entry per row, ${rows}, got ${labels.length}`,
    );
    const bad = (labels as number[]).find((label) => !Number.isInteger(label) || label < 0 || label >= classes);
    requireThat(bad === undefined, where, () => `labels must be integers in [0, ${classes}), got ${bad}`);
  } else {
    const tensor = labels as Tensor1D;
    requireThat(
      tensor.rank === 1 && tensor.size === rows,
      where,
      () => `labels must be [${rows}], got ${shapeOf(tensor)}`,
    );
  }
  return tf.tidy(() => {
    const indices = Array.isArray(labels) ? tf.tensor1d(labels as number[], 'int32') : (labels as Tensor1D);
    return oneHot(stopGradient(indices), classes);
  });
}
