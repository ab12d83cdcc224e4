import { constantValue, sizeOf, type Value } from '../ir/graph.js';
import { apply, cast, compare, concat, constant, div, mul, pad, reshape, slice, transpose } from '../ir/ops.js';
import { permuted } from '../ir/shapes.js';
import { transposedPadding } from './conv-input-gradient.js';
import { type Formulation, firstPermutation, lastPermutation, numbers } from './formulation.js';

const pool = (composite: string): Formulation => ({
  composite,
  name: 'direct',
  exact: true,
  applies: () => true,
  write: ([x], attrs, shape) => {
    const rank = x!.shape.length;
    const y = apply(
      composite,
      [transpose(x!, firstPermutation(rank))],
      permuted(shape, firstPermutation(rank)),
      'float32',
      {
        kernel_shape: attrs['kernel'],
        strides: attrs['strides'],
        pads: [...numbers(attrs, 'begin'), ...numbers(attrs, 'end')],
      },
    );
    return transpose(y, lastPermutation(rank));
  },
});

export const maxPool = pool('MaxPool');
export const averagePool = pool('AveragePool');

/**
 * Gradient of max-pooling for any windows: all elements of each window side by side, the first largest chosen by
 * ArgMax, and the chosen gradients put back and added up by a ConvTranspose whose filters have a single one each.
 */
export const maxPoolGradientGeneral: Formulation = {
  composite: 'MaxPoolGradient',
  name: 'general',
  exact: true,
  applies: () => true,
  write: ([dy, x], attrs, shape) => {
    const rank = dy!.shape.length;
    const kernel = numbers(attrs, 'kernel');
    const strides = numbers(attrs, 'strides');
    const dilations = numbers(attrs, 'dilations');
    const begin = numbers(attrs, 'begin');
    const end = numbers(attrs, 'end');
    const out = dy!.shape.slice(1, -1);
    const images = dy!.shape[0]! * dy!.shape[rank - 1]!;
    const flat = (v: Value) => reshape(transpose(v, firstPermutation(rank)), [images, 1, ...v.shape.slice(1, -1)]);
    const padded = pad(flat(x!), [[0, 0], [0, 0], ...begin.map((b, i) => [b, end[i]!] as const)], -3.4e38);
    const size = sizeOf(kernel);
    const offsets = Array.from({ length: size }, (_, index) => {
      let rest = index;
      return kernel.map((_, axis) => {
        const inner = sizeOf(kernel.slice(axis + 1));
        const offset = Math.floor(rest / inner);
        rest %= inner;
        return offset;
      });
    });
    const axes = kernel.map((_, i) => i + 2);
    const patches = concat(
      offsets.map((offset) => {
        const starts = offset.map((o, i) => o * dilations[i]!);
        const ends = starts.map((start, i) => start + (out[i]! - 1) * strides[i]! + 1);
        return slice(padded, starts, ends, axes, strides);
      }),
      1,
    );
    const winner = apply('ArgMax', [patches], [images, 1, ...out], 'int64', { axis: 1, keepdims: 1 });
    const place = constant(
      Array.from({ length: size }, (_, i) => i),
      [1, size, ...out.map(() => 1)],
      'int64',
    );
    const chosen = cast(compare('Equal', winner, place), 'float32');
    const gradient = mul(chosen, flat(dy!));
    const ones = new Float32Array(size * size);
    for (let i = 0; i < size; i++) ones[i * size + i] = 1;
    const filters = constantValue(ones, [size, 1, ...kernel], 'float32', `unit${kernel.join('x')}`);
    const dx = apply('ConvTranspose', [gradient, filters], [images, 1, ...shape.slice(1, -1)], 'float32', {
      kernel_shape: kernel,
      strides,
      dilations,
      ...transposedPadding(shape.slice(1, -1), out, attrs),
    });
    const first = [shape[0]!, shape[rank - 1]!, ...shape.slice(1, -1)];
    return transpose(reshape(dx, first), lastPermutation(rank));
  },
};

/** Gradient of average pooling for any windows: shares (padding does not count) spread by a ConvTranspose of ones. */
export const averagePoolGradientGeneral: Formulation = {
  composite: 'AveragePoolGradient',
  name: 'general',
  exact: true,
  applies: () => true,
  write: ([dy], attrs, shape) => {
    const rank = dy!.shape.length;
    const kernel = numbers(attrs, 'kernel');
    const strides = numbers(attrs, 'strides');
    const begin = numbers(attrs, 'begin');
    const input = shape.slice(1, -1);
    const out = dy!.shape.slice(1, -1);
    const images = shape[0]! * shape[rank - 1]!;
    const counts = out.map((o, axis) =>
      Array.from({ length: o }, (_, i) => {
        const start = i * strides[axis]! - begin[axis]!;
        return Math.min(start + kernel[axis]!, input[axis]!) - Math.max(start, 0);
      }),
    );
    const area = counts.reduce<number[]>(
      (product, axis) => product.flatMap((p) => axis.map((count) => p * count)),
      [1],
    );
    const flat = reshape(transpose(dy!, firstPermutation(rank)), [images, 1, ...out]);
    const share = div(flat, constantValue(Float32Array.from(area), [1, 1, ...out], 'float32'));
    const ones = constantValue(new Float32Array(sizeOf(kernel)).fill(1), [1, 1, ...kernel], 'float32');
    const dx = apply('ConvTranspose', [share, ones], [images, 1, ...input], 'float32', {
      kernel_shape: kernel,
      strides,
      dilations: kernel.map(() => 1),
      ...transposedPadding(input, out, attrs),
    });
    return transpose(reshape(dx, [shape[0]!, shape[rank - 1]!, ...input]), lastPermutation(rank));
  },
};
