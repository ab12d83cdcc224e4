import type { DataType, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { ElementType, Value } from '../ir/graph.js';
import { add, binary, cast, compare, constant, gather, scalar, unary, where } from '../ir/ops.js';

/** One kernel call, with values of the graph in place of tensors. */
export interface KernelCall {
  inputs: Record<string, Value>;
  /** The inputs in order, for kernels that take a list. */
  list: Value[];
  attrs: NamedAttrMap;
  dtypes: DataType[];
  /**
   * Whether `value`, an attribute of the call, should be an input of the graph because it changes from call to call:
   * another value was seen first in this place. Never inside `compile`, where attributes stay as they are.
   */
  varies(place: string, value: readonly number[]): boolean;
}

/** Writes a kernel as operations of the graph. `undefined`: not expressible for these inputs, compute it on the host. */
export type RecordKernel = (call: KernelCall) => Value | readonly Value[] | undefined;

/** An attribute by name, in the type that tfjs documents for the kernel. */
export function attribute<T>(call: KernelCall, name: string): T {
  return call.attrs[name] as T;
}

/** Axes as a list of non-negative numbers; none given means all. */
export function axesOf(axis: number | readonly number[] | undefined | null, rank: number): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: rank }, (_, i) => i);
  return (typeof axis === 'number' ? [axis] : axis).map((a) => (a < 0 ? a + rank : a));
}

/** An int64 as int32, modulo 2^32. The mask keeps ONNX Runtime from making one cast of two. */
export function wrapped(x: Value): Value {
  return cast(binary('BitwiseAnd', x, scalar(2 ** 32 - 1, 'int64')), 'int32');
}

/**
 * A float as int32, as JavaScript stores it: truncated, modulo 2^32, and 0 for what is not finite. C++ leaves all but
 * the truncation undefined, so that machines differ; the detour over int64 does not, once what it cannot hold is 0.
 */
export function truncated(x: Value): Value {
  const holds = compare('Less', unary('Abs', x), scalar(2 ** 63, x.type));
  return wrapped(cast(where(holds, x, scalar(0, x.type)), 'int64'));
}

/** A value in another type, as tfjs casts. */
export function converted(x: Value, type: ElementType): Value {
  return x.type === 'float32' && type === 'int32' ? truncated(x) : cast(x, type);
}

/** Applies a float operation to integers as tfjs does: compute in float, store truncated. */
export function throughFloat(x: Value, f: (x: Value) => Value): Value {
  return x.type === 'float32' ? f(x) : converted(f(cast(x, 'float32')), x.type);
}

/**
 * `index` as it is, where `inside` holds for each of its elements. Otherwise the run fails: it reads a place that a
 * table of one number does not have.
 */
export function checked(index: Value, inside: Value): Value {
  const outside = cast(unary('Not', inside), 'int32');
  return add(index, gather(constant([0], [1], 'int32'), outside, 0));
}
