import * as tf from '@tensorflow/tfjs-core';
import { checkLimit } from './clip-by-norm.js';
import type { GradientTransform } from './transform.js';

/**
 * Limits each component of each gradient to [-limit, limit].
 *
 * @throws CrossmodalError for a limit that is not positive
 * @example
 * const step = trainStep(model, { optimizer: adamW({ learningRate: 1e-3 }), transforms: [clipByValue(0.5)] });
 */
export function clipByValue(limit: number): GradientTransform {
  checkLimit('clipByValue', limit);
  return {
    name: 'clipByValue',
    init: () => ({
      update: (gradients) => ({
        gradients: Object.fromEntries(
          Object.entries(gradients).map(([name, gradient]) => [name, tf.clipByValue(gradient, -limit, limit)]),
        ),
      }),
    }),
  };
}
