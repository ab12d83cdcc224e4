import type { Attributes } from '../ir/graph.js';
import { apply, transpose } from '../ir/ops.js';
import { permuted } from '../ir/shapes.js';
import { type Formulation, firstPermutation, lastPermutation, numbers } from './formulation.js';

/** The paddings of a ConvTranspose whose output has exactly the given size. */
export function transposedPadding(input: readonly number[], output: readonly number[], attrs: Attributes) {
  const [kernel, strides, dilations, begin] = ['kernel', 'strides', 'dilations', 'begin'].map((name) =>
    numbers(attrs, name),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]];
  const surplus = output.map(
    (out, i) => (out - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - begin[i]! - input[i]!,
  );
  return {
    pads: [...begin, ...surplus.map((s) => Math.max(0, s))],
    output_padding: surplus.map((s) => Math.max(0, -s)),
  };
}

/** Input gradient by ConvTranspose: multiply, then add up overlapping columns. */
export const convInputGradientTransposed: Formulation = {
  composite: 'ConvInputGradient',
  name: 'transposed',
  exact: true,
  applies: () => true,
  write: ([dy, filter], attrs, shape) => {
    const rank = dy!.shape.length;
    const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
    const gradient = transpose(dy!, firstPermutation(rank));
    const weights = transpose(filter!, [rank - 1, rank - 2, ...spatial]);
    const dx = apply('ConvTranspose', [gradient, weights], permuted(shape, firstPermutation(rank)), 'float32', {
      kernel_shape: attrs['kernel'],
      strides: attrs['strides'],
      dilations: attrs['dilations'],
      ...transposedPadding(shape.slice(1, -1), dy!.shape.slice(1, -1), attrs),
    });
    return transpose(dx, lastPermutation(rank));
  },
};
