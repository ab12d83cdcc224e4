import type { Attributes, Node, Value } from '../ir/graph.js';
import { apply, concat, full, pad, reshape, slice, transpose } from '../ir/ops.js';
import { type Formulation, numbers } from './formulation.js';

/**
 * Two-dimensional convolutions in the order [channels, height, width, batch]. Seen as [1, channels, height, width *
 * batch], a convolution dilated by the batch size along the last axis is the convolution of the whole batch: ONNX
 * Runtime makes one matrix product of it, copies runs as long as a row of the batch, and everything around it
 * (bias, activation, normalisation, pooling) works on long rows per channel.
 */

/** [batch, height, width, channels] <-> [channels, height, width, batch]. */
export const BATCH_LAST: readonly number[] = [3, 1, 2, 0];

export const toBatchLast = (x: Value): Value => transpose(x, BATCH_LAST);
/** The permutation is its own inverse. */
export const fromBatchLast = (x: Value): Value => transpose(x, BATCH_LAST);

type Pair = readonly [number, number];
const pair = (attrs: Attributes, name: string): Pair => numbers(attrs, name) as Pair;

const twoDimensional = (node: Node): boolean => node.outputs[0]!.shape.length === 4;

/**
 * Convolution of `x` [c, h, w, n] with `weights` [o, c / groups, kh, kw] and explicit paddings, which may be negative
 * (cutting), to [o, oh, ow, n].
 */
export function convolve(
  x: Value,
  weights: Value,
  {
    strides,
    dilations,
    begin,
    end,
    groups = 1,
  }: { strides: Pair; dilations: Pair; begin: Pair; end: Pair; groups?: number },
): Value {
  const [, fullHeight, fullWidth] = x.shape as [number, number, number, number];
  const cut = slice(
    x,
    [Math.max(0, -begin[0]), Math.max(0, -begin[1])],
    [fullHeight + Math.min(0, end[0]), fullWidth + Math.min(0, end[1])],
    [1, 2],
  );
  const [c, h, w, n] = cut.shape as [number, number, number, number];
  const [o, , kh, kw] = weights.shape as [number, number, number, number];
  const [top, left, bottom, right] = [begin[0], begin[1], end[0], end[1]].map((p) => Math.max(0, p)) as [
    number,
    number,
    number,
    number,
  ];
  const oh = Math.floor((h + top + bottom - (kh - 1) * dilations[0] - 1) / strides[0]) + 1;
  const ow = Math.floor((w + left + right - (kw - 1) * dilations[1] - 1) / strides[1]) + 1;
  if (strides[1] === 1) {
    const y = apply('Conv', [reshape(cut, [1, c, h, w * n]), weights], [1, o, oh, ow * n], 'float32', {
      kernel_shape: [kh, kw],
      strides: [strides[0], 1],
      dilations: [dilations[0], dilations[1] * n],
      pads: [top, left * n, bottom, right * n],
      group: groups,
    });
    return reshape(y, [o, oh, ow, n]);
  }
  // A stride along the width is not one stride of width * batch: the batch becomes a third axis that the kernel does not span.
  const y = apply(
    'Conv',
    [reshape(cut, [1, c, h, w, n]), reshape(weights, [o, c / groups, kh, kw, 1])],
    [1, o, oh, ow, n],
    'float32',
    {
      kernel_shape: [kh, kw, 1],
      strides: [...strides, 1],
      dilations: [...dilations, 1],
      pads: [top, left, 0, bottom, right, 0],
      group: groups,
    },
  );
  return reshape(y, [o, oh, ow, n]);
}

export const convBatchLast: Formulation = {
  composite: 'Conv',
  name: 'batch-last',
  exact: true,
  applies: twoDimensional,
  write: ([x, filter], attrs) => {
    const weights = transpose(filter!, [3, 2, 0, 1]);
    const y = convolve(toBatchLast(x!), weights, {
      strides: pair(attrs, 'strides'),
      dilations: pair(attrs, 'dilations'),
      begin: pair(attrs, 'begin'),
      end: pair(attrs, 'end'),
      groups: (attrs['groups'] as number | undefined) ?? 1,
    });
    return fromBatchLast(y);
  },
};

/** Rows `starts[0], starts[0] + step, ...` of the two kernel axes of weights [kh, kw, ...], backwards. */
function taps(weights: Value, axis: 0 | 1, list: readonly number[]): Value {
  const first = list[list.length - 1]!;
  const step = list.length > 1 ? list[1]! - list[0]! : 1;
  if (list.length === weights.shape[axis] && list.length === 1) return weights;
  return slice(weights, [first], [list[0]! - 1], [axis], [-step]);
}

/**
 * Where the kernel is about as large as the image, most of what this form multiplies is padding; a transposed
 * convolution multiplies none.
 */
function isWasteful({ attrs, inputs, outputs }: Node): boolean {
  const [oh, ow] = inputs[0]!.shape.slice(1, 3) as [number, number];
  const [height, width] = outputs[0]!.shape.slice(1, 3) as [number, number];
  const [sh, sw] = pair(attrs, 'strides');
  return (height * width) / (oh * ow * sh * sw) > 1.6;
}

/**
 * Input gradient: a convolution of the output gradient with the flipped filter. With strides, each residue of the input
 * position modulo the stride sees its own part of the filter; the parts are computed apart and interleaved.
 */
export const convInputGradientBatchLast: Formulation = {
  composite: 'ConvInputGradient',
  name: 'batch-last phases',
  exact: true,
  applies: (node) => twoDimensional(node) && pair(node.attrs, 'dilations').every((d) => d === 1),
  pays: (node) => !isWasteful(node),
  write: ([dy, filter], attrs, shape) => {
    const [, height, width, channels] = shape as [number, number, number, number];
    const [kh, kw] = pair(attrs, 'kernel');
    const [sh, sw] = pair(attrs, 'strides');
    const [top, left] = pair(attrs, 'begin');
    const gradient = toBatchLast(dy!);
    const [, oh, ow, n] = gradient.shape as [number, number, number, number];

    /** Along one axis: input positions `residue + stride * i` and the kernel taps that reach them. */
    const phase = (residue: number, stride: number, kernel: number, before: number, out: number, size: number) => {
      const count = Math.ceil((size - residue) / stride);
      const list = Array.from({ length: kernel }, (_, k) => k).filter((k) => (residue + before - k) % stride === 0);
      if (list.length === 0 || count <= 0) return { count, list, begin: 0, end: 0 };
      // Output position of tap k for input position residue + stride * i is i + (residue + before - k) / stride.
      const lowest = (residue + before - list[list.length - 1]!) / stride;
      const begin = -lowest;
      return { count, list, begin, end: count - (out - list.length + 1) - begin };
    };

    const rows: Value[] = [];
    const tall = Math.ceil(height / sh);
    const wide = Math.ceil(width / sw);
    for (let a = 0; a < sh; a++) {
      const vertical = phase(a, sh, kh, top, oh, height);
      const columns: Value[] = [];
      for (let b = 0; b < sw; b++) {
        const horizontal = phase(b, sw, kw, left, ow, width);
        const empty =
          vertical.list.length === 0 || horizontal.list.length === 0 || vertical.count <= 0 || horizontal.count <= 0;
        if (empty) {
          columns.push(full([channels, tall, wide, 1, n], 0, 'float32'));
          continue;
        }
        const part = taps(taps(filter!, 0, vertical.list), 1, horizontal.list);
        const weights = transpose(part, [2, 3, 0, 1]);
        const y = convolve(gradient, weights, {
          strides: [1, 1],
          dilations: [1, 1],
          begin: [vertical.begin, horizontal.begin],
          end: [vertical.end, horizontal.end],
        });
        const filled = pad(y, [
          [0, 0],
          [0, tall - vertical.count],
          [0, wide - horizontal.count],
          [0, 0],
        ]);
        columns.push(reshape(filled, [channels, tall, wide, 1, n]));
      }
      rows.push(reshape(concat(columns, 3), [channels, tall, 1, wide * sw * n]));
    }
    const whole = reshape(concat(rows, 2), [channels, tall * sh, wide * sw, n]);
    return fromBatchLast(slice(whole, [0, 0], [height, width], [1, 2]));
  },
};

/**
 * Filter gradient in one convolution: images [h, w, batch * channels] seen as a volume with one channel, the output
 * gradient [out, oh, ow, batch] as its filter, dilated by the stride and by the number of channels. The result
 * [out, kh, kw, channels] sums over space and batch in a single matrix product.
 */
export const convFilterGradientBatchLast: Formulation = {
  composite: 'ConvFilterGradient',
  name: 'batch-last',
  exact: true,
  applies: (node) => twoDimensional(node) && pair(node.attrs, 'dilations').every((d) => d === 1),
  write: ([x, dy], attrs, shape) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number];
    const [kh, kw] = shape as [number, number, number, number];
    const [, oh, ow, out] = dy!.shape as [number, number, number, number];
    const [sh, sw] = pair(attrs, 'strides');
    const [top, left] = pair(attrs, 'begin');
    const bottom = (oh - 1) * sh + kh - h - top;
    const right = (ow - 1) * sw + kw - w - left;
    const seen = slice(transpose(x!, [1, 2, 0, 3]), [0, 0], [h + Math.min(0, bottom), w + Math.min(0, right)], [0, 1]);
    const volume = reshape(seen, [1, 1, seen.shape[0]!, seen.shape[1]!, n * c]);
    const kernel = reshape(toBatchLast(dy!), [out, 1, oh, ow, n]);
    const dw = apply('Conv', [volume, kernel], [1, out, kh, kw, c], 'float32', {
      kernel_shape: [oh, ow, n],
      strides: [1, 1, 1],
      dilations: [sh, sw, c],
      pads: [top, left, 0, Math.max(0, bottom), Math.max(0, right), 0],
      group: 1,
    });
    return transpose(reshape(dw, [out, kh, kw, c]), [1, 2, 3, 0]);
  },
};
