import type { backend_util, DataType } from '@tensorflow/tfjs-core';
import type { ElementType } from '../ir/graph.js';

export type BackendValues = backend_util.BackendValues;

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

/** Real and imaginary parts in turn, as tfjs reads complex numbers. */
export function interleave(real: Float32Array, imag: Float32Array): Float32Array {
  const merged = new Float32Array(real.length * 2);
  for (let i = 0; i < real.length; i++) {
    merged[2 * i] = real[i]!;
    merged[2 * i + 1] = imag[i]!;
  }
  return merged;
}
