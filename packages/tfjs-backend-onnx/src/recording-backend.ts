import os from 'node:os';
import {
  type BackendTimingInfo,
  type DataId,
  type DataType,
  engine,
  KernelBackend,
  type NamedAttrMap,
  type TensorInfo,
  util,
  type Variable,
} from '@tensorflow/tfjs-core';
import type { BackendOptions } from './backend-options.js';
import type { Trace } from './compile/trace.js';
import { Dispatch } from './dispatch.js';
import {
  assertType,
  type BackendValues,
  coerce,
  createEntry,
  type Entry,
  escaped,
  HostSource,
  interleave,
  leafOf,
  ownNumbers,
} from './entry.js';
import { complete } from './host/complete.js';
import type { KernelInputs } from './host/run-on-host.js';
import { sameShape, sizeOf, type Value } from './ir/graph.js';
import { reshape } from './ir/ops.js';
import { Pending } from './pending.js';
import type { ComplexOperand } from './record/complex.js';
import type { RecordKernel } from './record/kernel.js';
import { computesAtOnce } from './run/binding.js';
import { Executor } from './run/executor.js';
import { Statistics } from './run/statistics.js';
import { Storage } from './storage.js';
import type { Region } from './update/region.js';

/**
 * The tfjs backend `onnx`. Kernels record; numbers are computed when somebody reads them. One read computes everything
 * that is recorded and alive, as one ONNX graph; graphs of equal structure share a session.
 */
export class RecordingBackend extends KernelBackend {
  readonly options: Required<BackendOptions>;
  readonly statistics = new Statistics();
  readonly executor: Executor;
  readonly pending: Pending;
  /** Set while `compile` follows a function. */
  trace: Trace | undefined;

  /** Where states live that compiled functions write in place. */
  readonly regions = new WeakMap<Variable, Region>();

  readonly storage = new Storage(this);
  private readonly kernels = new Dispatch(this);

  constructor({
    threads = Math.min(16, os.availableParallelism()),
    exact = false,
    prefer = [],
    maxPending = 10_000,
    hostThreshold = 1024,
    cacheSize = 64,
  }: BackendOptions = {}) {
    super();
    this.options = { threads, exact, prefer, maxPending, hostThreshold, cacheSize };
    this.executor = new Executor(this.options, this.statistics);
    this.pending = new Pending(this.executor, maxPending);
  }

  // ---------------------------------------------------------------- storage

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    assertType(dtype, shape);
    const entry = createEntry(dtype, shape.slice(), { values: complete(coerce(values, dtype), shape) });
    // The numbers belong to the caller, who may keep them.
    entry.shared = true;
    entry.foreign = true;
    this.trace?.wrote(entry);
    return this.storage.add(entry);
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    const entry = createEntry(dtype, shape.slice(), { values: coerce(values, dtype) }, refCount);
    entry.shared = true;
    entry.foreign = true;
    this.storage.set(dataId, entry);
  }

  override numDataIds(): number {
    return this.storage.numDataIds();
  }

  override refCount(dataId: DataId): number {
    return this.storage.find(dataId)?.refCount ?? 0;
  }

  /** Called by tfjs when a variable takes over a tensor: at its creation and at each assignment. */
  override incRef(dataId: DataId): void {
    this.storage.get(dataId).refCount++;
    if (engine().state.gradientDepth === 0) this.pending.noteAssignment();
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.storage.find(dataId);
    if (entry === undefined) return true;
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    if (entry.parts !== undefined) {
      this.disposeData(entry.parts.real.dataId);
      this.disposeData(entry.parts.imag.dataId);
    }
    if (entry.value !== undefined) this.pending.delete(entry);
    this.storage.delete(dataId);
    return true;
  }

  override readSync(dataId: DataId): BackendValues {
    const entry = this.entry(dataId);
    if (entry.parts !== undefined) {
      const real = this.readSync(entry.parts.real.dataId) as Float32Array;
      const imag = this.readSync(entry.parts.imag.dataId) as Float32Array;
      return interleave(real, imag);
    }
    const values = this.numbers(entry);
    entry.shared = true;
    return values;
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    if (!computesAtOnce()) await this.pending.flushAsync();
    return this.readSync(dataId);
  }

  override memory() {
    return {
      unreliable: true,
      reasons: ['Recorded but not yet computed tensors take no memory; compiled functions keep that of their results.'],
    };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<BackendTimingInfo> {
    this.flush();
    const start = util.now();
    f();
    this.flush();
    return { kernelMs: util.now() - start };
  }

  override dispose(): void {
    this.pending.clear();
    this.executor.dispose();
  }

  // ---------------------------------------------------------------- values

  /** The bookkeeping of a data id; tensors of other backends are moved here by tfjs. */
  entry(dataId: DataId): Entry {
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

  /** Numbers of a tensor on the host, computed now if they are pending. They must not be written. */
  numbers(entry: Entry): BackendValues {
    if (this.trace !== undefined) return this.trace.read(entry);
    if (entry.values === undefined) this.flush();
    this.assertComputed(entry);
    if (entry.resident) ownNumbers(entry);
    return entry.values!;
  }

  private assertComputed(entry: Entry): void {
    if (entry.failure !== undefined) throw entry.failure;
    if (entry.values !== undefined) return;
    throw escaped();
  }

  /** The value of a tensor inside the graph that is being recorded, in the tensor's own shape. */
  recorded(info: TensorInfo): Value {
    const entry = this.entry(info.dataId);
    if (entry.trace !== undefined && entry.trace !== this.trace) throw escaped();
    let value = this.trace === undefined ? entry.value : this.trace.recorded(entry);
    if (value === undefined) {
      if (entry.leaf === undefined) {
        this.assertComputed(entry);
        entry.leaf = leafOf(entry);
        entry.shared = true;
      }
      value = entry.leaf;
    }
    return sameShape(value.shape, info.shape) ? value : reshape(value, info.shape.slice());
  }

  /** A tensor for a recorded value. */
  tensorOf(value: Value, dtype: DataType): TensorInfo {
    if (sizeOf(value.shape) === 0) return this.tensorOfNumbers(new Float32Array(0), value.shape, dtype);
    const entry = createEntry(dtype, value.shape, { value });
    entry.trace = this.trace;
    if (value.node.op === 'Input' && value.node.source instanceof HostSource) {
      entry.value = undefined;
      entry.trace = undefined;
      entry.leaf = value;
      entry.values = value.node.source.numbers as BackendValues;
      entry.shared = true;
    } else if (this.trace === undefined) {
      this.pending.add(entry);
    }
    return { dataId: this.storage.add(entry), shape: value.shape.slice(), dtype };
  }

  tensorOfNumbers(values: BackendValues, shape: readonly number[], dtype: DataType): TensorInfo {
    const dataId = this.storage.add(createEntry(dtype, shape.slice(), { values: coerce(values, dtype) }));
    return { dataId, shape: shape.slice(), dtype };
  }

  /** The same data under another shape. */
  alias(info: TensorInfo, shape: readonly number[]): TensorInfo {
    this.entry(info.dataId).refCount++;
    return { dataId: info.dataId, shape: shape.slice(), dtype: info.dtype };
  }

  complexOf(real: TensorInfo, imag: TensorInfo): TensorInfo {
    return this.complexOfParts(this.copy(real), this.copy(imag));
  }

  /** A complex tensor that takes over two real ones. */
  complexOfParts(real: TensorInfo, imag: TensorInfo): TensorInfo {
    const entry = createEntry('complex64', real.shape.slice(), {});
    entry.parts = { real, imag };
    return { dataId: this.storage.add(entry), shape: real.shape.slice(), dtype: 'complex64' };
  }

  /** The parts of a tensor inside the graph; a real tensor has no imaginary one. */
  recordedComplex(info: TensorInfo): ComplexOperand {
    const { parts } = this.entry(info.dataId);
    if (parts === undefined) return { real: this.recorded(info), imag: undefined };
    // The tensor may be a reshaped alias of the data that has the parts.
    return {
      real: this.recorded({ ...parts.real, shape: info.shape }),
      imag: this.recorded({ ...parts.imag, shape: info.shape }),
    };
  }

  /** Whether the numbers of a tensor are on the host, and no other ones at the next replay. */
  hasNumbers(info: TensorInfo): boolean {
    const entry = this.entry(info.dataId);
    if (entry.parts !== undefined) return this.hasNumbers(entry.parts.real) && this.hasNumbers(entry.parts.imag);
    return entry.values !== undefined && (this.trace === undefined || this.trace.isConstant(entry));
  }

  /** Another data id for the same numbers or the same pending value. */
  private copy(info: TensorInfo): TensorInfo {
    const entry = this.entry(info.dataId);
    if (this.trace !== undefined || entry.values === undefined) return this.tensorOf(this.recorded(info), info.dtype);
    if (entry.resident) ownNumbers(entry);
    entry.shared = true;
    const result = this.tensorOfNumbers(entry.values, info.shape, info.dtype);
    Object.assign(this.entry(result.dataId), { shared: true, foreign: entry.foreign });
    return result;
  }

  // ---------------------------------------------------------------- kernels

  /** Runs one kernel; `record` writes it as operations of the graph. */
  runKernel(
    name: string,
    inputs: KernelInputs,
    attrs: NamedAttrMap | undefined,
    record: RecordKernel | undefined,
  ): TensorInfo | TensorInfo[] {
    return this.kernels.run(name, inputs, attrs, record);
  }

  /** Computes everything that is recorded and still alive. */
  flush(): void {
    this.pending.flush();
  }
}
