import type { Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import type { Slot } from './slot.js';
import { lent, onHost } from './state.js';
import { TensorMemory } from './tensor-memory.js';
import type { Tensors } from './tensors.js';

/**
 * How compiled functions change the memory of variables. A clone, a view or another variable may share it: then the
 * variable gets memory of its own, and they keep the old numbers.
 */

/** @throws when the variable was disposed. */
export function assertAlive(variable: Variable): void {
  if (variable.isDisposed)
    throw new Error(`compile: variable ${variable.name} was disposed, the compiled function still uses it`);
}

/** Makes this the memory of a variable. What it had so far stays with whoever shares it. */
export function assignMemory(tensors: Tensors, variable: Variable, memory: TensorMemory): void {
  const { shape, dtype } = variable;
  const tensor = tensors.tensor({ dataId: tensors.add(memory), shape, dtype });
  variable.assign(tensor);
  tensor.dispose();
}

/**
 * Has the numbers of a variable, and of nothing else, in a slot that an update is going to write.
 * @returns whether they were moved there.
 */
export function moveIntoSlot(tensors: Tensors, variable: Variable, slot: Slot): boolean {
  const memory = tensors.of(variable.dataId);
  if (slot.resident === memory && memory.references === 1) return false;
  const numbers = tensors.numbersForNow(memory);
  if (memory.references === 1) {
    memory.enterSlot(slot);
    return true;
  }
  const own = new TensorMemory(variable.dtype, variable.shape, lent(numbers));
  own.enterSlot(slot);
  assignMemory(tensors, variable, own);
  return true;
}

/** Makes what a graph wrote into a buffer of `memory` the numbers of the variable. */
export function assignBuffer(tensors: Tensors, variable: Variable, memory: TensorMemory, next: Tensor): void {
  if (memory.references === 1) {
    memory.swapBuffers(next);
    return;
  }
  const own = new TensorMemory(variable.dtype, variable.shape, onHost(next.data as Float32Array));
  own.swapBuffers(next);
  assignMemory(tensors, variable, own);
}
