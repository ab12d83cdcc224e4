import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { SafetensorsDtype } from './dtypes.js';
import { decodeValues, type StoredTensor } from './values.js';

/**
 * A stored tensor as a TensorFlow.js tensor: floats as float32, integers as int32, booleans as bool.
 *
 * @throws CrossmodalError for complex numbers, integers beyond 32 bits, and float64 numbers beyond float32
 * @example
 * const tensor = toTensor({ dtype: 'F32', shape: [2], bytes: new Uint8Array(8) }); // [0, 0]
 */
export function toTensor(stored: StoredTensor): Tensor {
  const values = decodeValues(stored);
  const shape = [...stored.shape];
  if (stored.dtype === 'C64') throw new CrossmodalError('toTensor: complex tensors are not supported');
  if (stored.dtype === 'BOOL') return tf.tensor(values as Uint8Array, shape, 'bool');
  if (values instanceof Float32Array) return tf.tensor(values, shape, 'float32');
  if (values instanceof Float64Array) {
    const floats = Float32Array.from(values);
    const lost = floats.findIndex(
      (value, i) => Math.abs(value) === Number.POSITIVE_INFINITY && Number.isFinite(values[i]),
    );
    if (lost >= 0) throw new CrossmodalError(`toTensor: ${values[lost]} does not fit into float32`);
    return tf.tensor(floats, shape, 'float32');
  }
  const integers = Int32Array.from(values as Int32Array, Number);
  for (let i = 0; i < integers.length; i++) {
    if (integers[i] !== Number(values[i]))
      throw new CrossmodalError(`toTensor: ${values[i]} does not fit into 32 bits`);
  }
  return tf.tensor(integers, shape, 'int32');
}

const dtypes: Partial<Record<tf.DataType, SafetensorsDtype>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/**
 * A tensor of TensorFlow.js as it is stored; reads its values.
 *
 * @throws CrossmodalError for strings and complex numbers
 * @example
 * const { dtype, shape, bytes } = await fromTensor(tf.tensor1d([1, 2])); // 'F32', [2], 8 bytes
 */
export async function fromTensor(tensor: Tensor): Promise<StoredTensor> {
  const dtype = dtypes[tensor.dtype];
  if (!dtype) throw new CrossmodalError(`fromTensor: tensors of type ${tensor.dtype} cannot be stored`);
  const values = await tensor.data();
  const typed = tensor.dtype === 'bool' ? Uint8Array.from(values) : values.slice();
  return { dtype, shape: tensor.shape, bytes: new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength) };
}
