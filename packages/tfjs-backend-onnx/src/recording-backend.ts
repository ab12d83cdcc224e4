import os from 'node:os';
import {
  type BackendTimingInfo,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type NamedAttrMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { Trace } from './compile/trace.js';
import {
  assertType,
  type BackendValues,
  coerce,
  createEntry,
  type Entry,
  elementType,
  escaped,
  HostSource,
  interleave,
  leafOf,
} from './entry.js';
import { CpuKernels } from './host/cpu-kernels.js';
import { infosOf, type KernelInputs, runOnHost } from './host/run-on-host.js';
import { type Numbers, sameShape, setOrigin, sizeOf, type Value } from './ir/graph.js';
import { reshape, withoutReshape } from './ir/ops.js';
import { withoutEmpty } from './record/empty-operands.js';
import type { RecordKernel } from './record/kernel.js';
import { computesAtOnce, notSynchronous } from './run/binding.js';
import { Executor } from './run/executor.js';
import { Statistics } from './run/statistics.js';

export interface BackendOptions {
  /** Threads of one ONNX Runtime session. Default: the cores of the machine, at most 16. */
  threads?: number;
  /** Direct kernels only, no multiply-saving formulations. */
  exact?: boolean;
  /** Recorded nodes after which everything is computed even if nobody reads. */
  maxPending?: number;
  /** Work up to this many numbers (inputs and outputs of one kernel, all on the host) is computed at once in JavaScript. */
  hostThreshold?: number;
  /** Number of compiled structures that are kept. */
  cacheSize?: number;
}

/**
 * The tfjs backend `onnx`. Kernels record; numbers are computed when somebody reads them. One read computes everything
 * that is recorded and alive, as one ONNX graph; graphs of equal structure share a session.
 */
export class RecordingBackend extends KernelBackend {
  readonly options: Required<BackendOptions>;
  readonly statistics = new Statistics();
  readonly executor: Executor;
  /** Set while `compile` follows a function. */
  trace: Trace | undefined;

  private readonly storage = new DataStorage<Entry>(this, engine());
  private readonly pending = new Set<Entry>();
  private readonly cpu = new CpuKernels();
  private recordedNodes = 0;
  private assigned = false;
  private computing: Promise<void> = Promise.resolve();

  constructor({
    threads = Math.min(16, os.availableParallelism()),
    exact = false,
    maxPending = 10_000,
    hostThreshold = 32, // a cpu kernel on 32 numbers costs about as much as recording one node
    cacheSize = 64,
  }: BackendOptions = {}) {
    super();
    this.options = { threads, exact, maxPending, hostThreshold, cacheSize };
    this.executor = new Executor(this.options, this.statistics);
  }

  // ---------------------------------------------------------------- storage

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    assertType(dtype, shape);
    const dataId = {};
    const entry = createEntry(dtype, shape.slice(), { values: coerce(values, dtype) });
    // The numbers belong to the caller, who may keep them.
    entry.shared = true;
    entry.foreign = true;
    this.storage.set(dataId, entry);
    this.trace?.wrote(entry);
    return dataId;
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
    return this.storage.has(dataId) ? this.storage.get(dataId).refCount : 0;
  }

  /** Called by tfjs when a variable takes over a tensor: at its creation and at each assignment. */
  override incRef(dataId: DataId): void {
    this.storage.get(dataId).refCount++;
    // The end of a training step, as far as a backend can see: see `record`.
    if (engine().state.gradientDepth === 0) this.assigned = true;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.storage.has(dataId)) return true;
    const entry = this.storage.get(dataId);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    if (entry.parts !== undefined) {
      this.disposeData(entry.parts.real.dataId);
      this.disposeData(entry.parts.imag.dataId);
    }
    this.pending.delete(entry);
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
    if (!computesAtOnce()) await this.flushAsync();
    return this.readSync(dataId);
  }

  override memory() {
    return {
      unreliable: true,
      reasons: ['Recorded but not yet computed tensors take no memory; ONNX Runtime keeps an arena of its own.'],
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
    const dataId = {};
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
    this.storage.set(dataId, entry);
    return { dataId, shape: value.shape.slice(), dtype };
  }

  tensorOfNumbers(values: BackendValues, shape: readonly number[], dtype: DataType): TensorInfo {
    const dataId = {};
    this.storage.set(dataId, createEntry(dtype, shape.slice(), { values: coerce(values, dtype) }));
    return { dataId, shape: shape.slice(), dtype };
  }

  /** The same data under another shape. */
  alias(info: TensorInfo, shape: readonly number[]): TensorInfo {
    this.entry(info.dataId).refCount++;
    return { dataId: info.dataId, shape: shape.slice(), dtype: info.dtype };
  }

  complexOf(real: TensorInfo, imag: TensorInfo): TensorInfo {
    const dataId = {};
    const entry = createEntry('complex64', real.shape.slice(), {});
    entry.parts = { real: this.copy(real), imag: this.copy(imag) };
    this.storage.set(dataId, entry);
    return { dataId, shape: real.shape.slice(), dtype: 'complex64' };
  }

  /** Another data id for the same numbers or the same pending value. */
  private copy(info: TensorInfo): TensorInfo {
    const entry = this.entry(info.dataId);
    if (this.trace !== undefined || entry.values === undefined) return this.tensorOf(this.recorded(info), info.dtype);
    entry.shared = true;
    const result = this.tensorOfNumbers(entry.values, info.shape, info.dtype);
    Object.assign(this.entry(result.dataId), { shared: true, foreign: entry.foreign });
    return result;
  }

  // ---------------------------------------------------------------- kernels

  /** Runs one kernel: at once when it is tiny, as a recorded node when ONNX can express it, in JavaScript otherwise. */
  runKernel(
    name: string,
    inputs: KernelInputs,
    attrs: NamedAttrMap | undefined,
    record: RecordKernel | undefined,
  ): TensorInfo | TensorInfo[] {
    if (name === 'Concat' && Array.isArray(inputs)) inputs = withoutEmpty(inputs, attrs);
    const infos = infosOf(inputs);
    if (record === undefined) return this.runOnHost(name, inputs, attrs, true);
    let small = infos.length === 0 ? sizeOf((attrs?.['shape'] as number[] | undefined) ?? []) : 0;
    let host = this.trace === undefined || infos.every((info) => this.trace!.isConstant(this.entry(info.dataId)));
    for (const info of infos) {
      if (elementType(info.dtype) === undefined) return this.runOnHost(name, inputs, attrs, true);
      if (sizeOf(info.shape) === 0) return this.runOnHost(name, inputs, attrs, false);
      small += sizeOf(info.shape);
      if (host && this.entry(info.dataId).values === undefined) host = false;
    }
    if (host && small <= this.options.hostThreshold) return this.runOnHost(name, inputs, attrs, false);
    this.stepBoundary();
    setOrigin(name);
    const values = infos.map((info) => this.recorded(info));
    const named: Record<string, Value> = {};
    if (!Array.isArray(inputs)) {
      let next = 0;
      for (const [key, info] of Object.entries(inputs)) if (info != null) named[key] = values[next++]!;
    }
    const result = record({ inputs: named, list: values, attrs: attrs ?? {}, dtypes: infos.map((info) => info.dtype) });
    if (result === undefined) return this.runOnHost(name, inputs, attrs, true);
    this.recordedNodes++;
    const wrap = (value: Value): TensorInfo => this.tensorOf(value, value.type as DataType);
    return 'node' in result ? wrap(result) : result.map(wrap);
  }

  /**
   * Computes what is pending when a new training step begins. A loop that never reads (`model.fit` between epochs) would
   * otherwise record for ever. The boundary is the first kernel under a new gradient tape after variables were assigned
   * outside of one, so each step of a loop ends with a graph of the same structure.
   */
  private stepBoundary(): void {
    if (this.trace !== undefined) return;
    if (!computesAtOnce()) return;
    const boundary = this.assigned && engine().state.gradientDepth > 0;
    if (boundary) this.assigned = false;
    if (boundary || this.recordedNodes > this.options.maxPending) this.flush();
  }

  private runOnHost(
    name: string,
    inputs: KernelInputs,
    attrs: NamedAttrMap | undefined,
    fallback: boolean,
  ): TensorInfo | TensorInfo[] {
    if (fallback) this.statistics.countFallback(name);
    this.trace?.fallback(name, infosOf(inputs), (info) => this.entry(info.dataId));
    return runOnHost(this, this.cpu, name, inputs, attrs);
  }

  /** Computes everything that is recorded and still alive. */
  flush(): void {
    if (this.pending.size === 0) return;
    if (!computesAtOnce()) throw notSynchronous();
    const { alive, outputs } = this.takePending();
    let results: Numbers[];
    try {
      results = this.executor.run(outputs);
    } catch (error) {
      this.runApart(alive, error);
      return;
    }
    this.store(alive, results);
  }

  /** The same for a version of ONNX Runtime that computes later. One computation follows the other. */
  private flushAsync(): Promise<void> {
    const compute = async () => {
      if (this.pending.size === 0) return;
      const { alive, outputs } = this.takePending();
      try {
        this.store(alive, await this.executor.runAsync(outputs));
      } catch (error) {
        for (const entry of alive) {
          entry.failure = error;
          entry.value = undefined;
        }
      }
    };
    this.computing = this.computing.then(compute);
    return this.computing;
  }

  private takePending(): { alive: Entry[]; outputs: Value[] } {
    const alive = [...this.pending];
    this.recordedNodes = 0;
    this.assigned = false;
    this.pending.clear();
    // Entries keep flat numbers, so a reshape at the end need not be computed.
    return { alive, outputs: alive.map((entry) => withoutReshape(entry.value!)) };
  }

  private store(alive: readonly Entry[], results: readonly Numbers[]): void {
    const owners = new Map<Numbers, Entry>();
    alive.forEach((entry, i) => {
      const numbers = results[i]!;
      entry.values = numbers as BackendValues;
      entry.value = undefined;
      const other = owners.get(numbers);
      if (other !== undefined) {
        other.shared = true;
        entry.shared = true;
      }
      owners.set(numbers, entry);
    });
  }

  /** After a failed run: what can be computed is, and what cannot keeps the reason for whoever reads it. */
  private runApart(entries: readonly Entry[], reason: unknown): void {
    for (const entry of entries) {
      try {
        entry.values = this.executor.run([withoutReshape(entry.value!)])[0] as BackendValues;
      } catch (error) {
        entry.failure = entries.length === 1 ? reason : error;
      }
      entry.value = undefined;
    }
  }
}
