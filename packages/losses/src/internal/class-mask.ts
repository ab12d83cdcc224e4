import { stopGradient } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Labels } from '../pairs/pairs.js';
import { isClassLabel, requireClasses } from './check-labels.js';
import { keepWhere } from './masks.js';
import { oneHot } from './one-hot.js';
import { requireThat, shapeOf } from './validate.js';

/**
 * [rows, classes] with a 1 at each row's label. Labels that are no integers in [0, classes) are refused; where they cannot be read (in a
 * compiled step), they give a row of NaN, so that the loss shows it.
 */
export function classMask(where: string, labels: Labels, rows: number, classes: number): Tensor2D {
  if (Array.isArray(labels)) {
    requireThat(
      labels.length === rows,
      where,
      () => `labels must have one entry per row, ${rows}, got ${labels.length}`,
    );
  } else {
    const tensor = labels as Tensor1D;
    requireThat(
      tensor.rank === 1 && tensor.size === rows,
      where,
      () => `labels must be [${rows}], got ${shapeOf(tensor)}`,
    );
  }
  requireClasses(where, labels as Tensor1D, classes);
  return tf.tidy(() => {
    if (Array.isArray(labels)) return oneHot(tf.tensor1d(labels as number[], 'int32'), classes);
    const indices = stopGradient(labels as Tensor1D);
    const own = oneHot(indices, classes);
    const isClass = tf.tile(tf.expandDims(isClassLabel(indices, classes), 1), [1, classes]);
    return keepWhere(isClass, own, Number.NaN);
  });
}
