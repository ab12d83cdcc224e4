import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { type BackendValues, type Entry, elementType } from '../entry.js';
import type { Numbers } from '../ir/graph.js';
import type { RecordingBackend } from '../recording-backend.js';

/**
 * Gives numbers of its own to each variable that shares them with another variable or with a tensor:
 * `tf.variable(tf.clone(a))` holds the very data of `a`, and so does a clone that is kept to compare with. A trace knows
 * variables by their data, and would take the two for one.
 */
export function separateVariables(backend: RecordingBackend): void {
  const seen = new Set<Entry>();
  for (const variable of Object.values(engine().registeredVariables)) {
    const entry = backend.entry(variable.dataId);
    if ((!seen.has(entry) && entry.refCount === 1) || elementType(entry.dtype) === undefined) {
      seen.add(entry);
      continue;
    }
    const copy = (backend.numbers(entry) as Numbers).slice();
    const info = backend.tensorOfNumbers(copy as BackendValues, variable.shape, variable.dtype);
    const tensor = engine().makeTensorFromTensorInfo(info, backend) as Tensor;
    variable.assign(tensor);
    tensor.dispose();
  }
}
