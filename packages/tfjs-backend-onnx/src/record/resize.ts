import type { Value } from '../ir/graph.js';
import { constantValue } from '../ir/graph.js';
import { expand, gather, matMul, reduce, reshape } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

/**
 * Resizing is linear and separable: one small matrix per axis, and its transpose for the gradient. The matrices hold
 * tfjs's rules for `alignCorners` and `halfPixelCenters`.
 */

function scaleOf(input: number, output: number, alignCorners: boolean): number {
  const effectiveIn = alignCorners && output > 1 ? input - 1 : input;
  const effectiveOut = alignCorners && output > 1 ? output - 1 : output;
  return effectiveIn / effectiveOut;
}

function bilinearMatrix(input: number, output: number, alignCorners: boolean, halfPixel: boolean): Float32Array {
  const matrix = new Float32Array(output * input);
  const scale = scaleOf(input, output, alignCorners);
  for (let o = 0; o < output; o++) {
    const source = halfPixel ? scale * (o + 0.5) - 0.5 : scale * o;
    const floor = Math.max(0, Math.floor(source));
    const fraction = source - floor;
    const ceil = Math.min(input - 1, Math.ceil(source));
    matrix[o * input + floor]! += 1 - fraction;
    matrix[o * input + ceil]! += fraction;
  }
  return matrix;
}

function nearestIndices(input: number, output: number, alignCorners: boolean, halfPixel: boolean): Int32Array {
  const scale = scaleOf(input, output, alignCorners);
  return Int32Array.from({ length: output }, (_, o) => {
    const source = halfPixel ? scale * (o + 0.5) : scale * o;
    let index = Math.min(input - 1, alignCorners ? Math.round(source) : Math.floor(source));
    if (halfPixel) index = Math.max(0, index);
    return index;
  });
}

/** Multiplies axis 1 (height) or 2 (width) of [n, h, w, c] by a [output, input] matrix. */
function alongAxis(
  x: Value,
  axis: 1 | 2,
  matrix: Float32Array,
  size: number,
  name: string,
  transposed: boolean,
): Value {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const input = axis === 1 ? h : w;
  const rows = transposed ? [input, size] : [size, input];
  const m = constantValue(matrix, rows, 'float32', name);
  if (axis === 1) {
    const y = matMul(m, reshape(x, [n, h, w * c]), transposed, false);
    return reshape(y, [n, size, w, c]);
  }
  const y = matMul(m, reshape(x, [n * h, w, c]), transposed, false);
  return reshape(y, [n, h, size, c]);
}

interface Flags {
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

const flags = (call: KernelCall): Flags => ({
  alignCorners: Boolean(attribute<boolean | undefined>(call, 'alignCorners')),
  halfPixelCenters: Boolean(attribute<boolean | undefined>(call, 'halfPixelCenters')),
});

function resize(call: KernelCall, matrixOf: typeof bilinearMatrix, kind: string): Value | undefined {
  let x = call.inputs['images']!;
  if (x.type !== 'float32') return undefined;
  const { alignCorners, halfPixelCenters } = flags(call);
  const size = attribute<[number, number]>(call, 'size');
  for (const axis of [1, 2] as const) {
    const input = x.shape[axis]!;
    const output = size[axis - 1]!;
    if (input === output) continue;
    x = alongAxis(
      x,
      axis,
      matrixOf(input, output, alignCorners, halfPixelCenters),
      output,
      `${kind}${input}-${output}-${alignCorners}-${halfPixelCenters}`,
      false,
    );
  }
  return x;
}

function resizeGradient(call: KernelCall, matrixOf: typeof bilinearMatrix, kind: string): Value | undefined {
  const { images, dy } = call.inputs as { images: Value; dy: Value };
  if (dy.type !== 'float32') return undefined;
  const { alignCorners, halfPixelCenters } = flags(call);
  let x = dy;
  for (const axis of [1, 2] as const) {
    const input = images.shape[axis]!;
    const output = dy.shape[axis]!;
    if (input === output) continue;
    x = alongAxis(
      x,
      axis,
      matrixOf(input, output, alignCorners, halfPixelCenters),
      input,
      `${kind}${input}-${output}-${alignCorners}-${halfPixelCenters}`,
      true,
    );
  }
  return x;
}

function nearestMatrix(input: number, output: number, alignCorners: boolean, halfPixel: boolean): Float32Array {
  const matrix = new Float32Array(output * input);
  nearestIndices(input, output, alignCorners, halfPixel).forEach((index, o) => {
    matrix[o * input + index] = 1;
  });
  return matrix;
}

/** Whole factors without corner alignment repeat each pixel. */
function repeats(
  input: readonly number[],
  output: readonly number[],
  { alignCorners }: Flags,
): [number, number] | undefined {
  const [h, w] = [output[0]! / input[0]!, output[1]! / input[1]!];
  return !alignCorners && Number.isInteger(h) && Number.isInteger(w) ? [h, w] : undefined;
}

function nearest(call: KernelCall): Value {
  let x = call.inputs['images']!;
  const size = attribute<[number, number]>(call, 'size');
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const factor = repeats([h, w], size, flags(call));
  if (factor !== undefined) {
    return reshape(expand(reshape(x, [n, h, 1, w, 1, c]), [n, h, factor[0], w, factor[1], c]), [
      n,
      size[0],
      size[1],
      c,
    ]);
  }
  const { alignCorners, halfPixelCenters } = flags(call);
  for (const axis of [1, 2] as const) {
    const [input, output] = [x.shape[axis]!, size[axis - 1]!];
    const indices = nearestIndices(input, output, alignCorners, halfPixelCenters);
    x = gather(
      x,
      constantValue(indices, [output], 'int32', `nearest${input}-${output}-${alignCorners}-${halfPixelCenters}`),
      axis,
    );
  }
  return x;
}

function nearestGradient(call: KernelCall): Value | undefined {
  const { images, dy } = call.inputs as { images: Value; dy: Value };
  const [n, h, w, c] = images.shape as [number, number, number, number];
  const factor = repeats([h, w], dy.shape.slice(1, 3), flags(call));
  if (factor === undefined) return resizeGradient(call, nearestMatrix, 'nearest');
  const rows = reduce('ReduceSum', reshape(dy, [n * h, factor[0], w * factor[1] * c]), [1], false);
  return reshape(reduce('ReduceSum', reshape(rows, [n * h * w, factor[1], c]), [1], false), [n, h, w, c]);
}

export const resizing: Record<string, RecordKernel> = {
  ResizeBilinear: (call) => resize(call, bilinearMatrix, 'bilinear'),
  ResizeBilinearGrad: (call) => resizeGradient(call, bilinearMatrix, 'bilinear'),
  ResizeNearestNeighbor: nearest,
  ResizeNearestNeighborGrad: nearestGradient,
};
