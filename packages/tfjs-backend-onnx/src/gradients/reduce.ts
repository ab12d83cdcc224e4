import { broadcastTo, div, registerGradient, reshape, type Tensor, util } from '@tensorflow/tfjs-core';

/**
 * Gradients of `sum` and `mean`: the gradient of each result goes to all numbers that it was made of.
 *
 * TensorFlow.js multiplies by a tensor of ones of the full size, which it writes in JavaScript at each call: 816 MB of
 * them for one training step of an audio network. This is the same number on every backend.
 */
export function registerReduceGradients(): void {
  for (const kernelName of ['Sum', 'Mean']) {
    registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (dy, saved, attrs) => {
        const [x] = saved as [Tensor];
        const axes = util.parseAxisParam(attrs['axis'] as number | number[], x.shape);
        const ones = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
        const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
        const share = () => (kernelName === 'Mean' ? div(dy as Tensor, count) : (dy as Tensor));
        return { x: () => broadcastTo(reshape(share(), ones), x.shape) };
      },
    });
  }
}
