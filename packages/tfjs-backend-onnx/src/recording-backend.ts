import {
  type BackendTimingInfo,
  type DataId,
  type DataType,
  engine,
  KernelBackend,
  type NamedAttrMap,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type BackendOptions, defaultThreads } from './backend-options.js';
import { PackedBytes } from './compile/packed-bytes.js';
import { Dispatch } from './dispatch.js';
import type { KernelInputs } from './host/run-on-host.js';
import { HOST_NUMBERS } from './machine-thresholds.js';
import { assertType, type BackendValues, interleave } from './memory/numbers.js';
import { Pending } from './memory/pending.js';
import { Regions } from './memory/regions.js';
import { Tensors } from './memory/tensors.js';
import type { RecordKernel } from './record/kernel.js';
import { computesAtOnce } from './run/binding.js';
import { Executor } from './run/executor.js';
import { Statistics } from './run/statistics.js';

/**
 * The tfjs backend `onnx`. Kernels record; numbers are computed when somebody reads them. One read computes everything
 * that is recorded and alive, as one ONNX graph; graphs of equal structure share a session.
 */
export class RecordingBackend extends KernelBackend {
  readonly options: Required<BackendOptions>;
  readonly statistics = new Statistics();
  readonly executor: Executor;
  readonly tensors: Tensors;
  /** Where variables live that compiled functions write in place. */
  readonly regions = new Regions();
  /** What weights take that are constants of compiled functions. */
  readonly packedBytes = new PackedBytes();
  private readonly pending: Pending;
  private readonly kernels: Dispatch;

  constructor({
    threads = defaultThreads(),
    exact = false,
    prefer = [],
    maxPending = 10_000,
    hostThreshold = HOST_NUMBERS,
    cacheSize = 64,
  }: BackendOptions = {}) {
    super();
    this.options = { threads, exact, prefer, maxPending, hostThreshold, cacheSize };
    this.executor = new Executor(this.options, this.statistics);
    this.pending = new Pending(this.executor, maxPending);
    this.tensors = new Tensors(this, this.pending);
    this.kernels = new Dispatch(this.tensors, this.pending, this.statistics, hostThreshold);
  }

  // ---------------------------------------------------------------- what tfjs calls

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    assertType(dtype, shape);
    return this.tensors.write(values, shape, dtype);
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    this.tensors.move(dataId, values, shape, dtype, refCount);
  }

  override numDataIds(): number {
    return this.tensors.storage.numDataIds();
  }

  override refCount(dataId: DataId): number {
    return this.tensors.storage.find(dataId)?.references ?? 0;
  }

  /** Called by tfjs when a variable takes over a tensor: at its creation and at each assignment. */
  override incRef(dataId: DataId): void {
    this.tensors.storage.get(dataId).retain();
    if (engine().state.gradientDepth === 0) this.pending.noteAssignment();
  }

  override disposeData(dataId: DataId, force = false): boolean {
    return this.tensors.dispose(dataId, force);
  }

  override readSync(dataId: DataId): BackendValues {
    const memory = this.tensors.of(dataId);
    const { state } = memory;
    if (state.kind !== 'complex') return this.tensors.numbers(memory);
    const real = this.readSync(state.real.dataId) as Float32Array;
    const imag = this.readSync(state.imag.dataId) as Float32Array;
    return interleave(real, imag);
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

  // ---------------------------------------------------------------- what this package calls

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
