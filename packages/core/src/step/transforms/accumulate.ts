import * as tf from '@tensorflow/tfjs-core';
import { requireInteger } from '../../checks.js';
import type { NamedVariables } from '../../variables.js';
import type { GradientTransform } from './transform.js';

/**
 * Averages the gradients of so many batches; the update comes with the last of them. A large batch for the memory of a small
 * one. What stands before it in `transforms` is done with each batch's gradients, what stands behind it with the mean.
 *
 * @param batches steps per update
 * @throws CrossmodalError unless `batches` is an integer of at least 1
 * @example
 * const step = trainStep(model, { optimizer: adamW({ learningRate: 1e-3 }), transforms: [accumulate(4), clipByNorm(1)] });
 */
export function accumulate(batches: number): GradientTransform {
  requireInteger('accumulate: batches', batches);
  return {
    name: 'accumulate',
    init(weights) {
      if (batches === 1) return {};
      const sums: NamedVariables = {};
      for (const [name, weight] of Object.entries(weights)) {
        sums[name] = tf.tidy(() => tf.variable(tf.zerosLike(weight), false));
      }
      return {
        every: batches,
        variables: sums,
        update(gradients, { last }) {
          for (const [name, gradient] of Object.entries(gradients)) {
            const sum = sums[name]!;
            sum.assign(tf.add(sum, tf.mul(gradient, 1 / batches)));
          }
          if (!last) return { gradients: {} };
          const means = Object.entries(sums).map(([name, sum]) => {
            const mean = tf.clone(sum);
            sum.assign(tf.zerosLike(sum));
            return [name, mean] as const;
          });
          return { gradients: Object.fromEntries(means) };
        },
        dispose: () => tf.dispose(sums),
      };
    },
  };
}
