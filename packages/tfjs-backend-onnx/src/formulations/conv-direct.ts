import { apply, transpose } from '../ir/ops.js';
import { permuted } from '../ir/shapes.js';
import { type Formulation, firstPermutation, lastPermutation, numbers } from './formulation.js';

/** Convolution by ONNX's Conv in channels-first order. */
export const convDirect: Formulation = {
  composite: 'Conv',
  name: 'direct',
  exact: true,
  applies: () => true,
  write: ([x, filter], attrs, shape) => {
    const rank = x!.shape.length;
    const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
    const image = transpose(x!, firstPermutation(rank));
    const weights = transpose(filter!, [rank - 1, rank - 2, ...spatial]); // [...kernel, in, out] -> [out, in, ...kernel]
    const y = apply('Conv', [image, weights], permuted(shape, firstPermutation(rank)), 'float32', {
      kernel_shape: attrs['kernel'],
      strides: attrs['strides'],
      dilations: attrs['dilations'],
      pads: [...numbers(attrs, 'begin'), ...numbers(attrs, 'end')],
      group: (attrs['groups'] as number | undefined) ?? 1,
    });
    return transpose(y, lastPermutation(rank));
  },
};
