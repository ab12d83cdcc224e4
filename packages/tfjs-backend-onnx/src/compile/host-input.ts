import {
  backend as activeBackend,
  type NumericDataType,
  type Rank,
  type ShapeMap,
  type Tensor,
  tensor,
  util,
} from '@tensorflow/tfjs-core';
import { inputValue, type Numbers } from '../ir/graph.js';
import { elementType } from '../memory/numbers.js';
import { RecordingBackend } from '../recording-backend.js';
import { FillSource } from './sources.js';

/** An array that `fill` writes: one number per element, in row-major order. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

function allocate(size: number, dtype: NumericDataType): HostArray {
  return dtype === 'float32' ? new Float32Array(size) : dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/**
 * A tensor whose numbers the host computes: now, and again at every replay when it is created inside a compiled
 * function. For what changes from step to step and is not an argument: learning rates, random numbers.
 *
 * @param shape dimensions; @param dtype float32, int32 or bool.
 * @param fill writes all elements. Inside a compiled function it is kept and called before each run, in the order in
 * which the function created its host inputs.
 *
 * @example
 * const rate = hostInput([], 'float32', (out) => { out[0] = schedule(step++); });
 */
export function hostInput<R extends Rank>(
  shape: ShapeMap[R],
  dtype: NumericDataType,
  fill: (out: HostArray) => void,
): Tensor<R> {
  const type = elementType(dtype);
  if (type === undefined) throw new Error(`hostInput: dtype must be float32, int32 or bool, got ${dtype}`);
  const backend = activeBackend();
  const size = util.sizeFromShape(shape);
  const numbers = allocate(size, dtype);
  if (!(backend instanceof RecordingBackend) || backend.tensors.trace === undefined || size === 0) {
    fill(numbers);
    return tensor(numbers, shape, dtype);
  }
  const source = new FillSource(numbers as Numbers, fill as (out: Numbers) => void);
  backend.tensors.trace.addFill(source);
  const info = backend.tensors.tensorOf(inputValue(source, shape, type), dtype);
  return backend.tensors.tensor(info) as Tensor<R>;
}
