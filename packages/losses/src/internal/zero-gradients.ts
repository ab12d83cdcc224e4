import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

const comparisons = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'];

/**
 * Tells TensorFlow.js that comparisons have gradient zero. It has none for them and throws, which makes second derivatives through
 * leaky ReLU impossible (its gradient compares). Only adds what is missing; calling it again does nothing.
 */
export function registerZeroGradients(): void {
  for (const kernelName of comparisons) {
    if (tf.getGradient(kernelName)) continue;
    tf.registerGradient({
      kernelName,
      inputsToSave: ['a', 'b'],
      gradFunc: (_dy, saved) => {
        const zeros = (x: Tensor | undefined) => () => tf.zeros((x as Tensor).shape);
        return { a: zeros(saved[0]), b: zeros(saved[1]) };
      },
    });
  }
}
