import { engine, type Tensor as TfTensor, type Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import type { BackendValues, Entry } from '../entry.js';
import type { Numbers, Value } from '../ir/graph.js';
import type { RecordingBackend } from '../recording-backend.js';
import { ortTensor } from '../run/session.js';

/**
 * Variables of a compiled function that the graph writes (`update/` has the others). Each has two buffers: a run reads one and writes the other, then they change
 * places. Nothing is copied, and nobody who holds the old numbers sees them change: a buffer that was given out is
 * never written again.
 */

/** @throws when the variable was disposed. */
export function assertAlive(variable: Variable): void {
  if (variable.isDisposed)
    throw new Error(`compile: variable ${variable.name} was disposed, the compiled function still uses it`);
}

/** The numbers of a variable as ONNX Runtime reads them. */
export function stateFeed(
  backend: RecordingBackend,
  entry: Entry,
  shape: readonly number[],
  type: Value['type'],
): Tensor {
  const numbers = (entry.resident ? entry.values : backend.numbers(entry)) as Numbers;
  if (entry.ort?.current.data !== numbers || !sameDims(entry.ort.current.dims, shape))
    entry.ort = { current: ortTensor(numbers, shape, type), spare: undefined };
  return entry.ort.current;
}

/** Memory for the next numbers of a variable. */
export function stateFetch(entry: Entry, value: Value): Tensor {
  const current = entry.values as Numbers;
  const { spare } = entry;
  entry.spare = undefined;
  if (spare !== undefined && entry.ort?.spare?.data === spare && sameDims(entry.ort.spare.dims, value.shape))
    return entry.ort.spare;
  const Buffer = current.constructor as new (length: number) => Numbers;
  return ortTensor(spare ?? new Buffer(current.length), value.shape, value.type);
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Makes the written buffer the variable's numbers. */
export function commit(backend: RecordingBackend, variable: Variable, entry: Entry, written: Tensor): void {
  const numbers = written.data as Numbers;
  if (entry.refCount > 1) {
    // A clone of the variable lives on with the old numbers.
    const info = backend.tensorOfNumbers(numbers as BackendValues, variable.shape, variable.dtype);
    const tensor = engine().makeTensorFromTensorInfo(info, backend) as TfTensor;
    variable.assign(tensor);
    tensor.dispose();
    return;
  }
  const old = entry.values as Numbers;
  const oldTensor = entry.ort?.current;
  entry.values = numbers as BackendValues;
  entry.leaf = undefined;
  entry.spare = entry.shared ? undefined : old;
  entry.ort = { current: written, spare: entry.shared ? undefined : oldTensor };
  entry.shared = false;
}
