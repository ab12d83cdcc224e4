import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertBackend } from '../assert-backend.js';
import { backendCapabilities } from './backend-capabilities.js';

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * A tensor whose values come from the host: `fill` writes them now, and inside a compiled function again at each replay.
 * Learning rates, schedules and random numbers enter compiled steps this way, so that nothing is retraced.
 *
 * @param shape the shape of the tensor.
 * @param dtype float32, int32 or bool.
 * @param fill writes every element of the array it is given, row-major.
 * @throws Error for another dtype.
 * @example
 * const rate = hostInput([], 'float32', (out) => { out[0] = schedule(step); });
 */
export function hostInput(
  shape: number[],
  dtype: DataType,
  fill: (out: Float32Array | Int32Array | Uint8Array) => void,
): Tensor {
  assertBackend('hostInput');
  const ArrayType = arrays[dtype as keyof typeof arrays];
  if (!ArrayType) throw new Error(`hostInput: dtype must be float32, int32 or bool, got ${dtype}`);
  const native = backendCapabilities().hostInput;
  if (native) return native(shape, dtype, fill);
  const values = new ArrayType(tf.util.sizeFromShape(shape));
  fill(values);
  return tf.tensor(values, shape, dtype);
}
