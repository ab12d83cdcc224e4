import { apply, reshape, slice, transpose } from '../ir/ops.js';
import { type Formulation, numbers } from './formulation.js';

/**
 * Filter gradient of a 2-D convolution as one convolution over the whole batch: images as [1, batch, height,
 * width * channels], output gradients as the *filter* [out, batch, outHeight, outWidth] whose dilation is the stride.
 * Each output column is one (column, channel) pair, so the reduction over batch and space is a single matrix product
 * over contiguous runs.
 */
export const convFilterGradientWide: Formulation = {
  composite: 'ConvFilterGradient',
  name: 'wide',
  exact: true,
  applies: ({ inputs: [x], attrs }) => x!.shape.length === 4 && numbers(attrs, 'dilations').every((d) => d === 1),
  write: ([x, dy], attrs, shape) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number];
    const [kh, kw] = shape as [number, number, number, number];
    const [, oh, ow, out] = dy!.shape as [number, number, number, number];
    const [sh, sw] = numbers(attrs, 'strides') as [number, number];
    const [top, left] = numbers(attrs, 'begin') as [number, number];
    const bottom = (oh - 1) * sh + kh - h - top;
    const right = (ow - 1) * sw + kw - w - left;
    // Rows and columns that no window reaches are cut off: padding cannot be negative.
    const seen = slice(x!, [0, 0], [h + Math.min(0, bottom), w + Math.min(0, right)], [1, 2]);
    const [, seenHeight, seenWidth] = seen.shape as [number, number, number, number];
    const wide = reshape(seen, [1, n, seenHeight, seenWidth * c]);
    const gradient = transpose(dy!, [3, 0, 1, 2]);
    const dw = apply('Conv', [wide, gradient], [1, out, kh, kw * c], 'float32', {
      kernel_shape: [oh, ow],
      strides: [1, 1],
      dilations: [sh, sw * c],
      pads: [top, left * c, Math.max(0, bottom), Math.max(0, right) * c],
      group: 1,
    });
    return transpose(reshape(dw, [out, kh, kw, c]), [1, 2, 3, 0]);
  },
};

/**
 * Filter gradient for any number of axes: batch and channels change places, stride and dilation as well.
 * [c, n, ...space] * [out, n, ...outSpace] -> [c, out, ...kernel].
 */
export const convFilterGradientSwapped: Formulation = {
  composite: 'ConvFilterGradient',
  name: 'swapped',
  exact: true,
  applies: () => true,
  write: ([x, dy], attrs) => {
    const rank = x!.shape.length;
    const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 1);
    const strides = numbers(attrs, 'strides');
    const dilations = numbers(attrs, 'dilations');
    const begin = numbers(attrs, 'begin');
    const kernel = numbers(attrs, 'kernel');
    const out = dy!.shape.slice(1, -1);
    const end = out.map(
      (o, i) => (o - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - x!.shape[i + 1]! - begin[i]!,
    );
    const seen = slice(
      x!,
      spatial.map(() => 0),
      end.map((e, i) => x!.shape[i + 1]! + Math.min(0, e)),
      spatial,
    );
    const image = transpose(seen, [rank - 1, 0, ...spatial]);
    const gradient = transpose(dy!, [rank - 1, 0, ...spatial]);
    const channels = x!.shape[rank - 1]!;
    const dw = apply('Conv', [image, gradient], [channels, dy!.shape[rank - 1]!, ...kernel], 'float32', {
      kernel_shape: out,
      strides: dilations,
      dilations: strides,
      pads: [...begin, ...end.map((e) => Math.max(0, e))],
      group: 1,
    });
    // [in, out, ...kernel] -> [...kernel, in, out]
    return transpose(dw, [...spatial.map((i) => i + 1), 0, 1]);
  },
};
