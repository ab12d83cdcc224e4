import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import type { Trace } from './compile/trace.js';
import { type ElementType, type InputSource, inputValue, type Numbers, type Value } from './ir/graph.js';
import { full } from './ir/ops.js';
import { uniformNumber } from './ir/uniform.js';

export type BackendValues = backend_util.BackendValues;

/** What the backend knows about one tfjs data id: numbers on the host, or a recorded value that was not computed yet. */
export interface Entry {
  readonly dtype: DataType;
  /** Shape at creation. Tensors that share the data (reshapes) have their own. */
  readonly shape: readonly number[];
  refCount: number;
  /** Numbers on the host. */
  values: BackendValues | undefined;
  /** Recorded and pending. */
  value: Value | undefined;
  /** The trace that `value` is part of: it means nothing outside of it. */
  trace: Trace | undefined;
  /** The graph input made for `values`. */
  leaf: Value | undefined;
  /** Why the numbers could not be computed. */
  failure: unknown;
  /** Real and imaginary part of a complex tensor. */
  parts: { real: TensorInfo; imag: TensorInfo } | undefined;
  /** Somebody else may hold `values`: they must never be written again. */
  shared: boolean;
  /** `values` are memory of the caller's, who may write to it: what is computed later needs a copy. */
  foreign: boolean;
  /** `values` are memory of a compiled function, which its next replay writes: what is not part of it needs a copy. */
  resident: boolean;
  /** A buffer of the same length that a compiled function may write the next value of a variable into. */
  spare: Numbers | undefined;
  /** `values` and `spare` as ONNX Runtime tensors, kept from replay to replay. */
  ort: { current: Tensor; spare: Tensor | undefined } | undefined;
}

export function createEntry(
  dtype: DataType,
  shape: readonly number[],
  content: { values?: BackendValues; value?: Value },
  refCount = 1,
): Entry {
  return {
    dtype,
    shape,
    refCount,
    values: content.values,
    value: content.value,
    trace: undefined,
    leaf: undefined,
    failure: undefined,
    parts: undefined,
    shared: false,
    foreign: false,
    resident: false,
    spare: undefined,
    ort: undefined,
  };
}

/** A graph input whose numbers are on the host. */
export class HostSource implements InputSource {
  readonly kind = 'input';
  constructor(readonly numbers: Numbers) {}
}

/** Types of tensors that graphs can hold. */
export function elementType(dtype: DataType): ElementType | undefined {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool' ? dtype : undefined;
}

/** Numbers in the array class of their type; converted only when a caller handed over another class. */
export function coerce(values: BackendValues | ArrayBuffer, dtype: DataType): BackendValues {
  if (dtype === 'string' || dtype === 'complex64') return values as BackendValues;
  if (values instanceof ArrayBuffer) return coerce(new Uint8Array(values), dtype);
  const Expected = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  if (values instanceof Expected) return values;
  if (values instanceof Uint8Array && dtype !== 'bool' && values.byteLength % 4 === 0 && values.byteOffset % 4 === 0) {
    // Raw bytes, as model files hold them.
    return new Expected(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength / 4);
  }
  return Expected.from(values as Float32Array);
}

const types: ReadonlySet<string> = new Set(['float32', 'int32', 'bool', 'complex64', 'string']);

/** @throws when tfjs has no such type. */
export function assertType(dtype: string, shape: readonly number[]): void {
  if (types.has(dtype)) return;
  throw new Error(
    `tfjs-backend-onnx: dtype must be float32, int32, bool, complex64 or string, got ${dtype} for shape [${shape}]`,
  );
}

/** Tensors of ones and zeros from this size on become one number of the graph; tfjs's gradients are full of them. */
const UNIFORM = 1024;

/** The graph input for numbers on the host. */
export function leafOf(entry: Entry): Value {
  const numbers = entry.values as Numbers;
  const type = elementType(entry.dtype)!;
  if (numbers.length >= UNIFORM && (numbers[0] === 0 || numbers[0] === 1)) {
    const uniform = uniformNumber(numbers);
    if (uniform !== undefined) return full(entry.shape, uniform, type);
  }
  ownNumbers(entry);
  return inputValue(new HostSource(entry.values as Numbers), entry.shape, type);
}

/** Real and imaginary parts in turn, as tfjs reads complex numbers. */
export function interleave(real: Float32Array, imag: Float32Array): Float32Array {
  const merged = new Float32Array(real.length * 2);
  for (let i = 0; i < real.length; i++) {
    merged[2 * i] = real[i]!;
    merged[2 * i + 1] = imag[i]!;
  }
  return merged;
}

/** Memory of our own for numbers that others may write to. For what reads them later than now. */
export function ownNumbers(entry: Entry): void {
  if (!entry.foreign && !entry.resident) return;
  entry.foreign = false;
  entry.resident = false;
  if (elementType(entry.dtype) !== undefined) entry.values = (entry.values as Numbers).slice() as BackendValues;
}

/** The error for a tensor that escaped from the function it was recorded in. */
export function escaped(): Error {
  return new Error(
    'tfjs-backend-onnx: the tensor belongs to the inside of a compiled function and has no numbers outside of it; return it from the function',
  );
}
