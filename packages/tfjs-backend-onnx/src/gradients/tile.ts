import { registerGradient, reshape, sum, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Gradient of `tile`: the sum over the repetitions, as one reshape to [r0, s0, r1, s1, ...] and one reduction.
 *
 * TensorFlow.js has a loop that slices and adds once per repetition: 2,048 nodes for the scale of a layer normalisation
 * over [64, 32, 128], and none at all above rank four. This is the same number in two kernels, on every backend.
 */
export function registerTileGradient(): void {
  registerGradient({
    kernelName: 'Tile',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [Tensor];
      const reps = attrs['reps'] as number[];
      const split = x.shape.flatMap((size, axis) => [reps[axis] ?? 1, size]);
      const repeated = x.shape.map((_, axis) => 2 * axis);
      return { x: () => reshape(sum(reshape(dy as Tensor, split), repeated), x.shape) };
    },
  });
}
