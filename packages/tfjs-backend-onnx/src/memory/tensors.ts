import {
  type DataId,
  type DataType,
  engine,
  type KernelBackend,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { sameShape, sizeOf, type Value } from '../ir/graph.js';
import { reshape } from '../ir/ops.js';
import { complete } from './complete.js';
import { HostSource } from './host-source.js';
import { type BackendValues, coerce } from './numbers.js';
import type { Pending } from './pending.js';
import { complex, lent, onHost, pending } from './state.js';
import { Storage } from './storage.js';
import { EscapedTensorError, TensorMemory } from './tensor-memory.js';
import type { TraceScope } from './trace-scope.js';

/** The parts of a tensor inside the graph; a real tensor has no imaginary one. */
interface RecordedParts {
  real: Value;
  imag: Value | undefined;
}

/** The tensors of a backend: their memory by data id, their numbers and their values, and new ones. */
export class Tensors {
  readonly storage: Storage;
  /** Set while `compile` follows a function. */
  trace: TraceScope | undefined;
  /**
   * Set while a function that will be compiled runs uncompiled: a tensor has the numbers that its array had when the
   * tensor was made, as it will have in the graph.
   */
  copiesArrays = false;

  constructor(
    private readonly backend: KernelBackend,
    private readonly pending: Pending,
  ) {
    this.storage = new Storage(backend);
  }

  // ---------------------------------------------------------------- by data id

  /** The memory of a tensor; tensors of other backends are moved here by tfjs. */
  of(dataId: DataId): TensorMemory {
    try {
      return this.storage.get(dataId);
    } catch (error) {
      // tfjs looks for the backend that owns the data, and finds none.
      if (engine().state.tensorInfo.has(dataId)) throw error;
      throw new Error('tfjs-backend-onnx: a tensor is used after it was disposed; keep it with tf.keep, or clone it', {
        cause: error,
      });
    }
  }

  /** Numbers from JavaScript. They belong to the caller, who may keep and write them. */
  write(values: BackendValues, shape: readonly number[], dtype: DataType): DataId {
    const memory = new TensorMemory(dtype, shape.slice(), lent(complete(coerce(values, dtype), shape)));
    if (this.trace !== undefined) this.trace.wrote(memory);
    else if (this.copiesArrays) memory.numbersForLater();
    return this.storage.add(memory);
  }

  /** Data of another backend, which may have given out the numbers. */
  move(dataId: DataId, values: BackendValues, shape: readonly number[], dtype: DataType, references: number): void {
    this.storage.set(dataId, new TensorMemory(dtype, shape.slice(), lent(coerce(values, dtype)), references));
  }

  /** One reference less. @returns whether it was the last. */
  dispose(dataId: DataId, force: boolean): boolean {
    const memory = this.storage.find(dataId);
    if (memory === undefined) return true;
    if (memory.release() > 0 && !force) return false;
    const { state } = memory;
    if (state.kind === 'complex') {
      this.dispose(state.real.dataId, false);
      this.dispose(state.imag.dataId, false);
    }
    if (state.kind === 'pending') this.pending.delete(memory);
    memory.dispose();
    this.storage.delete(dataId);
    return true;
  }

  // ---------------------------------------------------------------- numbers and values

  /** Computes what is pending, if the memory is. @throws when it cannot be computed. */
  private compute(memory: TensorMemory): void {
    if (!memory.hasNumbers) this.pending.flush();
  }

  /** Numbers of a tensor on the host, computed now if they are pending. They must not be written. */
  numbers(memory: TensorMemory): BackendValues {
    if (this.trace !== undefined) return this.trace.read(memory);
    this.compute(memory);
    return memory.numbersToHold();
  }

  /** The same for a reader that is done with them at once, before anything else runs. */
  numbersForNow(memory: TensorMemory): BackendValues {
    this.compute(memory);
    return memory.numbersForNow();
  }

  /** The value of a tensor inside the graph that is being recorded, in the tensor's own shape. */
  recorded(info: TensorInfo): Value {
    const memory = this.of(info.dataId);
    const { state } = memory;
    if (state.kind === 'pending' && state.trace !== undefined && state.trace !== this.trace)
      throw new EscapedTensorError();
    const value = this.trace === undefined ? (memory.value ?? memory.leaf()) : this.trace.recorded(memory);
    return sameShape(value.shape, info.shape) ? value : reshape(value, info.shape.slice());
  }

  recordedParts(info: TensorInfo): RecordedParts {
    const { state } = this.of(info.dataId);
    if (state.kind !== 'complex') return { real: this.recorded(info), imag: undefined };
    // The tensor may be a reshaped alias of the data that has the parts.
    return {
      real: this.recorded({ ...state.real, shape: info.shape }),
      imag: this.recorded({ ...state.imag, shape: info.shape }),
    };
  }

  /** Whether the numbers of a tensor are on the host, and no other ones at the next replay. */
  hasNumbers(info: TensorInfo): boolean {
    const memory = this.of(info.dataId);
    const { state } = memory;
    if (state.kind === 'complex') return this.hasNumbers(state.real) && this.hasNumbers(state.imag);
    return memory.hasNumbers && (this.trace === undefined || this.trace.isConstant(memory));
  }

  // ---------------------------------------------------------------- new tensors

  add(memory: TensorMemory): DataId {
    return this.storage.add(memory);
  }

  /** A tensor of tfjs for a data id. */
  tensor(info: TensorInfo): Tensor {
    return engine().makeTensorFromTensorInfo(info, this.backend) as Tensor;
  }

  /** A tensor for a recorded value. */
  tensorOf(value: Value, dtype: DataType): TensorInfo {
    if (sizeOf(value.shape) === 0) return this.tensorOfNumbers(new Float32Array(0), value.shape, dtype);
    const memory = this.memoryOf(value, dtype);
    return { dataId: this.storage.add(memory), shape: value.shape.slice(), dtype };
  }

  private memoryOf(value: Value, dtype: DataType): TensorMemory {
    const { op, source } = value.node;
    if (op === 'Input' && source instanceof HostSource) return TensorMemory.ofLeaf(dtype, value, source);
    const memory = new TensorMemory(dtype, value.shape, pending(value, this.trace));
    if (this.trace === undefined) this.pending.add(memory);
    else this.trace.made(memory);
    return memory;
  }

  /** A tensor for numbers that nobody writes any more. */
  tensorOfNumbers(values: BackendValues, shape: readonly number[], dtype: DataType): TensorInfo {
    const memory = new TensorMemory(dtype, shape.slice(), onHost(coerce(values, dtype)));
    return { dataId: this.storage.add(memory), shape: shape.slice(), dtype };
  }

  /** The same data under another shape. */
  alias(info: TensorInfo, shape: readonly number[]): TensorInfo {
    this.of(info.dataId).retain();
    return { dataId: info.dataId, shape: shape.slice(), dtype: info.dtype };
  }

  complexOf(real: TensorInfo, imag: TensorInfo): TensorInfo {
    return this.complexOfParts(this.copy(real), this.copy(imag));
  }

  /** A complex tensor that takes over two real ones. */
  complexOfParts(real: TensorInfo, imag: TensorInfo): TensorInfo {
    const memory = new TensorMemory('complex64', real.shape.slice(), complex(real, imag));
    return { dataId: this.storage.add(memory), shape: real.shape.slice(), dtype: 'complex64' };
  }

  /** Another data id for the same numbers or the same pending value. */
  private copy(info: TensorInfo): TensorInfo {
    const memory = this.of(info.dataId);
    if (this.trace !== undefined || !memory.hasNumbers) return this.tensorOf(this.recorded(info), info.dtype);
    const numbers = memory.numbersToHold();
    const first = memory.state.kind === 'lent' ? lent(numbers) : onHost(numbers);
    return {
      dataId: this.storage.add(new TensorMemory(info.dtype, info.shape.slice(), first)),
      shape: info.shape.slice(),
      dtype: info.dtype,
    };
  }
}
