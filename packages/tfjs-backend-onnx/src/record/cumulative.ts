import type { Value } from '../ir/graph.js';
import { cast, concat, full, mul, slice, unary } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

const axisOf = (call: KernelCall, rank: number): number => {
  const axis = attribute<number>(call, 'axis');
  return axis < 0 ? axis + rank : axis;
};

/** Moved by `by` places towards the end of the axis (or its beginning), ones coming in. */
function shifted(x: Value, axis: number, by: number, reverse: boolean): Value {
  const size = x.shape[axis]!;
  const count = Math.min(by, size);
  const ones = full(
    x.shape.map((dim, i) => (i === axis ? count : dim)),
    1,
    x.type,
  );
  if (count === size) return ones;
  const rest = reverse ? slice(x, [count], [size], [axis]) : slice(x, [0], [size - count], [axis]);
  return concat(reverse ? [rest, ones] : [ones, rest], axis);
}

/** Products over windows of 1, 2, 4, ... elements, until the windows reach the beginning. */
function cumulativeProduct(x: Value, axis: number, exclusive: boolean, reverse: boolean): Value {
  let product = exclusive ? shifted(x, axis, 1, reverse) : x;
  for (let by = 1; by < x.shape[axis]!; by *= 2) product = mul(product, shifted(product, axis, by, reverse));
  return product;
}

export const cumulative: Record<string, RecordKernel> = {
  Cumsum: (call) => {
    const input = call.inputs['x']!;
    const x = input.type === 'bool' ? cast(input, 'int32') : input;
    return unary('CumSum', x, {
      axis: axisOf(call, x.shape.length),
      exclusive: attribute<boolean>(call, 'exclusive') ? 1 : 0,
      reverse: attribute<boolean>(call, 'reverse') ? 1 : 0,
    });
  },
  Cumprod: (call) => {
    const input = call.inputs['x']!;
    const x = input.type === 'bool' ? cast(input, 'int32') : input;
    const axis = axisOf(call, x.shape.length);
    return cumulativeProduct(x, axis, attribute<boolean>(call, 'exclusive'), attribute<boolean>(call, 'reverse'));
  },
};
