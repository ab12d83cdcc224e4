import type { Attributes, Value } from '../ir/graph.js';
import { cast, compare, concat, constant, expand, mul, reduce, reshape, sub, unary } from '../ir/ops.js';
import { numbers } from './formulation.js';

/**
 * Operations that work in any memory order: the layout pass moves them, with the attributes that name axes, and they
 * are written in ONNX operators afterwards. Windows that tile an image are axes of their own in a view of it.
 */
export type FlexibleOperation = (inputs: readonly Value[], attrs: Attributes, shape: readonly number[]) => Value;

/** Near the largest float: only differences of denormal size times this stay above -1. */
const STEEP = 3e38;

/** Each axis that windows lie along as two: which window, and where in it. Windows of one element without a view. */
function windows(shape: readonly number[], axes: readonly number[], kernel: readonly number[]): number[] {
  return shape.flatMap((size, axis) => {
    const k = axes.indexOf(axis);
    return k < 0 ? [size] : [size / kernel[k]!, kernel[k]!];
  });
}

/** The same view of what has one number per window. */
const perWindow = (x: Value, axes: readonly number[]): Value =>
  reshape(
    x,
    x.shape.flatMap((size, axis) => (axes.includes(axis) ? [size, 1] : [size])),
  );

/** One number per window, axis by axis: each a reduction of one middle axis, over long runs. */
function overWindows(op: string, x: Value, axes: readonly number[], kernel: readonly number[]): Value {
  let result = x;
  axes.forEach((axis, k) => {
    const shape = result.shape.slice();
    shape[axis]! /= kernel[k]!;
    const before = shape.slice(0, axis + 1).reduce((product, size) => product * size, 1);
    const after = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    result = reshape(reduce(op, reshape(result, [before, kernel[k]!, after]), [1], false), shape);
  });
  return result;
}

/** 1 where equal to the maximum, 0 below it. */
function isLargest(x: Value, largest: Value, steep: boolean): Value {
  if (!steep) return cast(compare('Equal', x, largest), 'float32');
  // Two vectorised passes, where comparing and casting take two slow ones.
  return unary('HardSigmoid', sub(x, largest), { alpha: STEEP, beta: 1 });
}

export const flexibleOperations: Readonly<Record<string, FlexibleOperation>> = {
  /** A reduction of every window. */
  TilePool: ([x], attrs) => overWindows(attrs['op'] as string, x!, numbers(attrs, 'axes'), numbers(attrs, 'kernel')),

  /** One number per window, repeated over it. */
  TileSpread: ([x], attrs, shape) => {
    const axes = numbers(attrs, 'axes');
    return reshape(expand(perWindow(x!, axes), windows(shape, axes, numbers(attrs, 'kernel'))), shape);
  },

  /**
   * Gradient of max-pooling: it goes to the first largest element of each window, as in tfjs. Places that hold the
   * maximum are weighted by falling numbers; the largest weight marks the first of them.
   */
  TileMaxGradient: ([dy, x, y], attrs, shape) => {
    const axes = numbers(attrs, 'axes');
    const kernel = numbers(attrs, 'kernel');
    const steep = attrs['steep'] === 1;
    const view = windows(shape, axes, kernel);
    const largest = isLargest(reshape(x!, view), perWindow(y!, axes), steep);
    // Row-major within the window, whatever the memory order of the axes is.
    const spatial = axes.map((_, i) => i).sort((a, b) => axes[a]! - axes[b]!);
    const count = kernel.reduce((product, k) => product * k, 1);
    const physical = spatial.map((i) => kernel[i]!);
    const weights = Array.from({ length: count }, (_, flat) => {
      let rest = flat;
      const at = new Array<number>(kernel.length).fill(0);
      for (let p = physical.length - 1; p >= 0; p--) {
        at[spatial[p]!] = rest % physical[p]!;
        rest = Math.floor(rest / physical[p]!);
      }
      return count - at.reduce((index, place, i) => index * kernel[i]! + place, 0);
    });
    const weightShape = shape.flatMap((_, axis) => {
      const k = axes.indexOf(axis);
      return k < 0 ? [1] : [1, kernel[k]!];
    });
    const weighted = mul(largest, constant(weights, weightShape, 'float32'));
    const best = overWindows('ReduceMax', reshape(weighted, shape), axes, kernel);
    const first = isLargest(weighted, perWindow(best, axes), steep);
    return reshape(mul(first, perWindow(dy!, axes)), shape);
  },

  /** Element i of input j becomes element i * inputs + j along an axis. */
  Interleave: (inputs, attrs, shape) => {
    const axis = (numbers(attrs, 'axes') as readonly [number])[0];
    const parts = inputs.map((x) => reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]));
    return reshape(concat(parts, axis + 1), shape);
  },
};
