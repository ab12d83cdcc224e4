import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { contrastiveCases } from './contrastive.js';
import { costCases } from './cost.js';
import { distributionCases } from './distribution.js';
import { generativeCases } from './generative.js';
import type { BatchKind, LossCase } from './loss-case.js';
import { metricCases } from './metric.js';

export const allCases: LossCase[] = [
  ...contrastiveCases,
  ...metricCases,
  ...distributionCases,
  ...generativeCases,
  ...costCases,
];

const rowsOf: Partial<Record<BatchKind, number>> = { 'one row': 1 };

/** The inputs of a case for a kind of batch; 6 rows unless the kind says otherwise. */
export function inputsOf({ shapes, uniform = [] }: LossCase, kind: BatchKind, seed = 1): Tensor[] {
  return tf.tidy(() =>
    shapes(rowsOf[kind] ?? 6).map((shape, i) => {
      const inUnitInterval = uniform.includes(i);
      const draw = (size: number[], offset: number) =>
        inUnitInterval
          ? tf.randomUniform(size, 0.05, 0.95, 'float32', seed + offset)
          : tf.randomNormal(size, 0, 1, 'float32', seed + offset);
      if (kind === 'all equal' && shape.length > 1) {
        // every row of every input of the same width is the same row
        return tf.add(tf.zeros(shape), draw(shape.slice(1), 100));
      }
      const values = draw(shape, 10 * i);
      if (inUnitInterval) return values;
      if (kind === 'some zero vectors') return shape.length > 1 ? tf.mul(values, firstRowsZero(shape)) : values;
      if (kind === 'all zero') return tf.zerosLike(values);
      if (kind === 'large') return tf.mul(values, 1e4);
      if (kind === 'tiny') return tf.mul(values, 1e-6);
      return values;
    }),
  );
}

/** 0 for the first and the third row, 1 for the others. */
function firstRowsZero(shape: number[]): Tensor {
  const mask = Float32Array.from({ length: shape[0] as number }, (_, i) => (i === 0 || i === 2 ? 0 : 1));
  return tf.reshape(tf.tensor1d(mask), [shape[0] as number, ...shape.slice(1).map(() => 1)]);
}
