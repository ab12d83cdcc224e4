import type { Attributes, Value } from '../../src/ir/graph.js';
import { sizeOf } from '../../src/ir/graph.js';
import type { HostSource } from '../../src/memory/host-source.js';

/** The composites by their definitions, in plain loops and double precision. */

type List = readonly number[];
type Reference = (
  inputs: readonly (readonly number[])[],
  values: readonly Value[],
  attrs: Attributes,
  shape: List,
) => number[];

const list = (attrs: Attributes, name: string): List => attrs[name] as List;
const space = (shape: List): List => shape.slice(1, -1);

/** Every index of a shape, in row-major order. */
function* indices(shape: List): Generator<number[]> {
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    const index = new Array<number>(shape.length);
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    yield index;
  }
}

const flatten = (index: List, shape: List): number => index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);

/** Calls `f` with the places (output, kernel, input) that meet in a window. */
function windows(input: List, output: List, attrs: Attributes, f: (o: number, k: number, i: number) => void): void {
  const [kernel, strides, dilations, begin] = ['kernel', 'strides', 'dilations', 'begin'].map((name) =>
    list(attrs, name),
  ) as [List, List, List, List];
  for (const o of indices(output)) {
    for (const k of indices(kernel)) {
      const i = o.map((p, axis) => p * strides[axis]! + k[axis]! * (dilations[axis] ?? 1) - begin[axis]!);
      if (i.some((p, axis) => p < 0 || p >= input[axis]!)) continue;
      f(flatten(o, output), flatten(k, kernel), flatten(i, input));
    }
  }
}

/** Calls `f` with the flat places of image, filter and output that a convolution multiplies and adds. */
function convolution(
  image: List,
  filter: List,
  output: List,
  attrs: Attributes,
  f: (x: number, w: number, y: number) => void,
): void {
  const [n, c, o] = [image[0]!, image[image.length - 1]!, output[output.length - 1]!];
  const [sizeIn, sizeOut] = [sizeOf(space(image)), sizeOf(space(output))];
  const inner = filter[filter.length - 2]!; // channels per group
  const groups = c / inner;
  windows(space(image), space(output), attrs, (place, k, source) => {
    for (let b = 0; b < n; b++) {
      for (let out = 0; out < o; out++) {
        const group = Math.floor(out / (o / groups));
        for (let i = 0; i < inner; i++) {
          f((b * sizeIn + source) * c + group * inner + i, (k * inner + i) * o + out, (b * sizeOut + place) * o + out);
        }
      }
    }
  });
}

function depthwise(
  image: List,
  filter: List,
  output: List,
  attrs: Attributes,
  f: (x: number, w: number, y: number) => void,
): void {
  const [n, c] = [image[0]!, image[image.length - 1]!];
  const multiplier = filter[filter.length - 1]!;
  const [sizeIn, sizeOut] = [sizeOf(space(image)), sizeOf(space(output))];
  windows(space(image), space(output), attrs, (place, k, source) => {
    for (let b = 0; b < n; b++) {
      for (let i = 0; i < c; i++) {
        for (let m = 0; m < multiplier; m++) {
          f(
            (b * sizeIn + source) * c + i,
            (k * c + i) * multiplier + m,
            (b * sizeOut + place) * c * multiplier + i * multiplier + m,
          );
        }
      }
    }
  });
}

const zeros = (shape: List): number[] => new Array<number>(sizeOf(shape)).fill(0);

type Meet = typeof convolution;
const forward =
  (meet: Meet): Reference =>
  ([x, w], [image, filter], attrs, shape) => {
    const y = zeros(shape);
    meet(image!.shape, filter!.shape, shape, attrs, (i, k, o) => {
      y[o]! += x![i]! * w![k]!;
    });
    return y;
  };
const inputGradient =
  (meet: Meet): Reference =>
  ([dy, w], [gradient, filter], attrs, shape) => {
    const dx = zeros(shape);
    meet(shape, filter!.shape, gradient!.shape, attrs, (i, k, o) => {
      dx[i]! += dy![o]! * w![k]!;
    });
    return dx;
  };
const filterGradient =
  (meet: Meet): Reference =>
  ([x, dy], [image, gradient], attrs, shape) => {
    const dw = zeros(shape);
    meet(image!.shape, shape, gradient!.shape, attrs, (i, k, o) => {
      dw[k]! += x![i]! * dy![o]!;
    });
    return dw;
  };

/** Per output place, batch and channel: the input places of its window. */
function pools(image: List, output: List, attrs: Attributes): Map<number, number[]> {
  const [n, c] = [image[0]!, image[image.length - 1]!];
  const [sizeIn, sizeOut] = [sizeOf(space(image)), sizeOf(space(output))];
  const seen = new Map<number, number[]>();
  windows(space(image), space(output), attrs, (place, _, source) => {
    for (let b = 0; b < n; b++) {
      for (let i = 0; i < c; i++) {
        const o = (b * sizeOut + place) * c + i;
        seen.set(o, [...(seen.get(o) ?? []), (b * sizeIn + source) * c + i]);
      }
    }
  });
  return seen;
}

const first = (x: List, places: List): number => places.reduce((best, place) => (x[place]! > x[best]! ? place : best));

const references: Record<string, Reference> = {
  Conv: forward(convolution),
  ConvInputGradient: inputGradient(convolution),
  ConvFilterGradient: filterGradient(convolution),
  DepthwiseConv: forward(depthwise),
  DepthwiseInputGradient: inputGradient(depthwise),
  DepthwiseFilterGradient: filterGradient(depthwise),
  MaxPool: ([x], [image], attrs, shape) => {
    const y = zeros(shape);
    for (const [o, places] of pools(image!.shape, shape, attrs)) y[o] = x![first(x!, places)]!;
    return y;
  },
  AveragePool: ([x], [image], attrs, shape) => {
    const y = zeros(shape);
    for (const [o, places] of pools(image!.shape, shape, attrs))
      y[o] = places.reduce((sum, place) => sum + x![place]!, 0) / places.length;
    return y;
  },
  MaxPoolGradient: ([dy, x], [gradient], attrs, shape) => {
    const dx = zeros(shape);
    for (const [o, places] of pools(shape, gradient!.shape, attrs)) dx[first(x!, places)]! += dy![o]!;
    return dx;
  },
  AveragePoolGradient: ([dy], [gradient], attrs, shape) => {
    const dx = zeros(shape);
    for (const [o, places] of pools(shape, gradient!.shape, attrs))
      for (const place of places) dx[place]! += dy![o]! / places.length;
    return dx;
  },
  MatMul: ([a, b], [left, right], attrs, shape) => {
    const [transA, transB] = [attrs['transA'] === 1, attrs['transB'] === 1];
    const [rows, columns] = shape.slice(-2) as [number, number];
    const inner = left!.shape[left!.shape.length - (transA ? 2 : 1)]!;
    const place = (batch: List, value: Value): number => {
      const own = value.shape.slice(0, -2);
      const index = own.map((dim, axis) => (dim === 1 ? 0 : batch[batch.length - own.length + axis]!));
      return flatten(index, own) * sizeOf(value.shape.slice(-2));
    };
    const y: number[] = [];
    for (const batch of indices(shape.slice(0, -2))) {
      const [atA, atB] = [place(batch, left!), place(batch, right!)];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          for (let k = 0; k < inner; k++)
            sum +=
              a![atA + (transA ? k * rows + i : i * inner + k)]! *
              b![atB + (transB ? j * inner + k : k * columns + j)]!;
          y.push(sum);
        }
      }
    }
    return y;
  },
  SegmentSum: ([updates, index], [value], _attrs, shape) => {
    const y = zeros(shape);
    const width = value!.shape[1]!;
    index!.forEach((row, i) => {
      if (row < 0 || row >= shape[0]!) return;
      for (let j = 0; j < width; j++) y[row * width + j]! += updates![i * width + j]!;
    });
    return y;
  },
  Step: ([x], _values, attrs) => x!.map((v) => (Number.isNaN(v) ? v : v > 0 ? 1 : (attrs['alpha'] as number))),
  StepGradient: ([dy, x], _values, attrs) => x!.map((v, i) => dy![i]! * (v > 0 ? 1 : (attrs['alpha'] as number))),
};

/** The numbers of a composite by its definition. */
export function definition(value: Value): number[] {
  const { op, inputs, attrs, source } = value.node;
  if (op === 'Input') return Array.from((source as HostSource).numbers, Number);
  return references[op]!((inputs as Value[]).map(definition), inputs as Value[], attrs, value.shape);
}
