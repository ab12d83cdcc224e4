import { engine } from '@tensorflow/tfjs-core';
import type { Numbers } from '../ir/graph.js';
import { type BackendValues, elementType } from './numbers.js';
import { onHost } from './state.js';
import { TensorMemory } from './tensor-memory.js';
import type { Tensors } from './tensors.js';
import { assignMemory } from './variable-memory.js';

/**
 * Gives memory of its own to each variable that shares it with another variable or with a tensor:
 * `tf.variable(tf.clone(a))` holds the very data of `a`, and so does a clone that is kept to compare with. A trace knows
 * variables by their memory, and would take the two for one.
 */
export function separateVariables(tensors: Tensors): void {
  for (const variable of Object.values(engine().registeredVariables)) {
    const memory = tensors.of(variable.dataId);
    if (memory.references === 1 || elementType(memory.dtype) === undefined) continue;
    const copy = (tensors.numbers(memory) as Numbers).slice() as BackendValues;
    assignMemory(tensors, variable, new TensorMemory(variable.dtype, variable.shape, onHost(copy)));
  }
}
