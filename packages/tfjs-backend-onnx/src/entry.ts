import type { backend_util, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import type { ElementType, InputSource, Numbers, Value } from './ir/graph.js';

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
  /** The graph input made for `values`. */
  leaf: Value | undefined;
  /** Why the numbers could not be computed. */
  failure: unknown;
  /** Real and imaginary part of a complex tensor. */
  parts: { real: TensorInfo; imag: TensorInfo } | undefined;
  /** Somebody else may hold `values`: they must never be written again. */
  shared: boolean;
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
    leaf: undefined,
    failure: undefined,
    parts: undefined,
    shared: false,
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
