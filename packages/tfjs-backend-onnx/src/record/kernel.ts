import type { DataType, NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Value } from '../ir/graph.js';
import { cast } from '../ir/ops.js';

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

/** Applies a float operation to integers as tfjs does: compute in float, store truncated. */
export function throughFloat(x: Value, f: (x: Value) => Value): Value {
  return x.type === 'float32' ? f(x) : cast(f(cast(x, 'float32')), x.type);
}
