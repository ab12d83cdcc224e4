import type { DataType } from '@tensorflow/tfjs-core';
import { type ElementType, inputValue } from '../ir/graph.js';
import { expand, full, numbersOf } from '../ir/ops.js';
import { HostSource } from '../memory/host-source.js';
import { attribute, converted, type RecordKernel } from './kernel.js';

const like =
  (value: number): RecordKernel =>
  ({ list: [x] }) =>
    full(x!.shape, value, x!.type);

/** Kernels without tensors as inputs, which are computed in JavaScript and are constants of a graph. */
export const hostConstants: ReadonlySet<string> = new Set(['LinSpace', 'Range']);

/** Kernels that create tensors, and casts. Fills stay one number inside a graph. */
export const creation: Record<string, RecordKernel> = {
  Fill: (call) => {
    const value = attribute<number | string>(call, 'value');
    const dtype = attribute<DataType | undefined>(call, 'dtype') ?? 'float32';
    if (typeof value === 'string' || dtype === 'string' || dtype === 'complex64') return undefined;
    const [shape, number] = [attribute<number[]>(call, 'shape'), Number(value)];
    if (!call.varies(`fill ${dtype} [${shape}]`, [number])) return full(shape, number, dtype);
    return expand(inputValue(new HostSource(numbersOf([number], dtype)), [], dtype), shape);
  },
  ZerosLike: like(0),
  OnesLike: like(1),
  Cast: (call) => {
    const dtype = attribute<DataType>(call, 'dtype');
    if (dtype === 'string' || dtype === 'complex64') return undefined;
    return converted(call.inputs['x']!, dtype as ElementType);
  },
};
