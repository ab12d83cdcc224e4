import type { backend_util } from '@tensorflow/tfjs-core';
import { sizeOf } from '../ir/graph.js';

/**
 * As many numbers as the shape says, zeros for those that are missing. TensorFlow.js makes tensors with too few: where a
 * layer hands over a list of tensors in place of one (`TransformerDecoder` does in a model), it is a tensor of shape [1]
 * without a number. Its GPU backends read zeros there; others would fail far from the cause.
 */
export function complete(values: backend_util.BackendValues, shape: readonly number[]): backend_util.BackendValues {
  if (!ArrayBuffer.isView(values)) return values;
  const size = sizeOf(shape);
  if (values.length >= size) return values;
  const whole = new (values.constructor as Float32ArrayConstructor)(size);
  whole.set(values as Float32Array);
  return whole;
}
