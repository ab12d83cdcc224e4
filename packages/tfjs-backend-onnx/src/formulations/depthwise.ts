import { apply, reshape, slice, transpose } from '../ir/ops.js';
import { transposedPadding } from './conv-input-gradient.js';
import { type Formulation, numbers } from './formulation.js';

/** Depthwise convolutions as grouped convolutions, one group per input channel. Filters are [kh, kw, in, multiplier]. */

export const depthwiseGrouped: Formulation = {
  composite: 'DepthwiseConv',
  name: 'grouped',
  exact: true,
  applies: () => true,
  write: ([x, filter], attrs, shape) => {
    const [kh, kw, c, multiplier] = filter!.shape as [number, number, number, number];
    const weights = reshape(transpose(filter!, [2, 3, 0, 1]), [c * multiplier, 1, kh, kw]);
    const y = apply(
      'Conv',
      [transpose(x!, [0, 3, 1, 2]), weights],
      [shape[0]!, shape[3]!, shape[1]!, shape[2]!],
      'float32',
      {
        kernel_shape: [kh, kw],
        strides: attrs['strides'],
        dilations: attrs['dilations'],
        pads: [...numbers(attrs, 'begin'), ...numbers(attrs, 'end')],
        group: c,
      },
    );
    return transpose(y, [0, 2, 3, 1]);
  },
};

export const depthwiseInputGradient: Formulation = {
  composite: 'DepthwiseInputGradient',
  name: 'transposed',
  exact: true,
  applies: () => true,
  write: ([dy, filter], attrs, shape) => {
    const [kh, kw, c, multiplier] = filter!.shape as [number, number, number, number];
    const weights = reshape(transpose(filter!, [2, 3, 0, 1]), [c * multiplier, 1, kh, kw]);
    const dx = apply(
      'ConvTranspose',
      [transpose(dy!, [0, 3, 1, 2]), weights],
      [shape[0]!, c, shape[1]!, shape[2]!],
      'float32',
      {
        kernel_shape: [kh, kw],
        strides: attrs['strides'],
        dilations: attrs['dilations'],
        group: c,
        ...transposedPadding(shape.slice(1, 3), dy!.shape.slice(1, 3), attrs),
      },
    );
    return transpose(dx, [0, 2, 3, 1]);
  },
};

/** One group per channel; within a group the batch is the reduced axis: [1, c * n, h, w] * [c * m, n, oh, ow]. */
export const depthwiseFilterGradient: Formulation = {
  composite: 'DepthwiseFilterGradient',
  name: 'grouped',
  exact: true,
  applies: () => true,
  write: ([x, dy], attrs, shape) => {
    const [kh, kw, c, multiplier] = shape as [number, number, number, number];
    const [n, h, w] = x!.shape as [number, number, number, number];
    const [, oh, ow] = dy!.shape as [number, number, number, number];
    const [sh, sw] = numbers(attrs, 'strides') as [number, number];
    const [dh, dw] = numbers(attrs, 'dilations') as [number, number];
    const [top, left] = numbers(attrs, 'begin') as [number, number];
    const bottom = (oh - 1) * sh + (kh - 1) * dh + 1 - h - top;
    const right = (ow - 1) * sw + (kw - 1) * dw + 1 - w - left;
    const seen = slice(x!, [0, 0], [h + Math.min(0, bottom), w + Math.min(0, right)], [1, 2]);
    const [, seenHeight, seenWidth] = seen.shape as [number, number, number, number];
    const image = reshape(transpose(seen, [3, 0, 1, 2]), [1, c * n, seenHeight, seenWidth]);
    const gradient = transpose(dy!, [3, 0, 1, 2]);
    const result = apply('Conv', [image, gradient], [1, c * multiplier, kh, kw], 'float32', {
      kernel_shape: [oh, ow],
      strides: [dh, dw],
      dilations: [sh, sw],
      pads: [top, left, Math.max(0, bottom), Math.max(0, right)],
      group: c,
    });
    return transpose(reshape(result, [c, multiplier, kh, kw]), [2, 3, 0, 1]);
  },
};
