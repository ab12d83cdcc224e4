import {
  type DataType,
  engine,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  slice_util,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { CpuKernels } from './host/cpu-kernels.js';
import { resultSize } from './host/result-size.js';
import { type HostTensors, infosOf, type KernelInputs, runOnHost } from './host/run-on-host.js';
import { TinyWork, tinyLimit } from './host/tiny-work.js';
import { mayRunOnHost } from './host/verified.js';
import { newNumbers, setOrigin, sizeOf, type Value } from './ir/graph.js';
import { HOST_NUMBERS_IN_TRACES } from './machine-thresholds.js';
import { type BackendValues, elementType } from './memory/numbers.js';
import type { Pending } from './memory/pending.js';
import type { TensorMemory } from './memory/tensor-memory.js';
import type { Tensors } from './memory/tensors.js';
import type { TraceScope } from './memory/trace-scope.js';
import { complexKernels } from './record/complex.js';
import type { ComplexValue } from './record/complex-value.js';
import { hostConstants } from './record/creation.js';
import { withoutEmpty, withoutWeights } from './record/empty-operands.js';
import type { RecordKernel } from './record/kernel.js';
import { VaryingAttributes } from './record/varying.js';
import type { Statistics } from './run/statistics.js';

type Result = TensorInfo | TensorInfo[];

/** Decides where a kernel is computed: at once when it is tiny, in the graph when ONNX can express it, in JavaScript otherwise. */
export class Dispatch {
  private readonly cpu = new CpuKernels();
  private readonly tiny: TinyWork;
  private readonly varying = new VaryingAttributes();

  constructor(
    private readonly tensors: Tensors,
    private readonly pending: Pick<Pending, 'atStepBoundary' | 'countNode'>,
    private readonly statistics: Pick<Statistics, 'countFallback'>,
    private readonly hostThreshold: number,
  ) {
    this.tiny = new TinyWork(tensors, hostThreshold);
  }

  run(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined, record: RecordKernel | undefined): Result {
    if (record !== undefined && this.tensors.trace === undefined) {
      const result = this.tiny.run(name, inputs, attrs);
      if (result !== undefined) return result;
    }
    if (name === 'Concat' && Array.isArray(inputs)) inputs = withoutEmpty(inputs, attrs);
    const counts = name === 'Bincount' || name === 'DenseBincount';
    const recorded = counts ? withoutWeights(inputs as NamedTensorInfoMap, attrs) : { inputs, attrs };
    const infos = infosOf(recorded.inputs);
    const toComplex = name === 'Cast' && attrs?.['dtype'] === 'complex64';
    const isComplex = toComplex || infos.some(({ dtype }) => dtype === 'complex64');
    if (isComplex ? complexKernels[name] === undefined : record === undefined)
      return this.onHost(name, inputs, attrs, !hostConstants.has(name));
    if (infos.some(({ dtype }) => dtype !== 'complex64' && elementType(dtype) === undefined))
      return this.onHost(name, inputs, attrs, true);
    if (
      // `cpu` moves no complex numbers; results without numbers are never computed.
      (!isComplex && infos.some(({ shape }) => sizeOf(shape) === 0)) ||
      this.isTiny(name, inputs, infos, attrs) ||
      this.isView(name, infos, attrs)
    )
      return this.onHost(name, inputs, attrs, false);
    if (this.tensors.trace === undefined) this.pending.atStepBoundary(engine().state.gradientDepth);
    setOrigin(name);
    const result = isComplex
      ? this.recordComplex(name, recorded.inputs, recorded.attrs)
      : this.record(record!, recorded.inputs, recorded.attrs);
    if (result === undefined) return this.onHost(name, inputs, attrs, true);
    this.pending.countNode();
    return result;
  }

  /** Little work on numbers that are on the host. */
  private isTiny(
    name: string,
    inputs: KernelInputs,
    infos: readonly TensorInfo[],
    attrs: NamedAttrMap | undefined,
  ): boolean {
    const { tensors, hostThreshold } = this;
    if (tensors.trace?.folds === false) return false;
    const limit = tinyLimit(
      name,
      tensors.trace === undefined ? hostThreshold : Math.min(hostThreshold, HOST_NUMBERS_IN_TRACES),
    );
    let size = infos.length === 0 ? sizeOf((attrs?.['shape'] as number[] | undefined) ?? []) : 0;
    for (const info of infos) size += sizeOf(info.shape);
    return (
      size <= limit &&
      infos.every((info) => tensors.hasNumbers(info)) &&
      (infos.length === 0 || (resultSize(name, inputs, attrs) <= limit && mayRunOnHost(name, inputs, attrs)))
    );
  }

  /** Consecutive numbers of a tensor that is on the host: no graph gives them faster. */
  private isView(name: string, [x]: readonly TensorInfo[], attrs: NamedAttrMap | undefined): boolean {
    if (name !== 'Slice' || this.tensors.trace !== undefined || x!.dtype === 'complex64') return false;
    if (!this.tensors.hasNumbers(x!)) return false;
    const [begin, size] = slice_util.parseSliceParams(
      x as never,
      attrs!['begin'] as number[],
      attrs!['size'] as number[],
    );
    return slice_util.isSliceContinous(x!.shape, begin!, size!);
  }

  private record(record: RecordKernel, inputs: KernelInputs, attrs: NamedAttrMap | undefined): Result | undefined {
    const { tensors } = this;
    const infos = infosOf(inputs);
    const list = infos.map((info) => tensors.recorded(info));
    const result = record({
      inputs: named(inputs, list),
      list,
      attrs: attrs ?? {},
      dtypes: infos.map((info) => info.dtype),
      varies: (place, value) => tensors.trace === undefined && this.varying.varies(place, value),
    });
    if (result === undefined) return undefined;
    const wrap = (value: Value): TensorInfo => tensors.tensorOf(value, value.type as DataType);
    return 'node' in result ? wrap(result) : result.map(wrap);
  }

  private recordComplex(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): Result | undefined {
    const { tensors } = this;
    const list = infosOf(inputs).map((info) => tensors.recordedParts(info));
    const result = complexKernels[name]!({ inputs: named(inputs, list), list, attrs: attrs ?? {} });
    if (result === undefined) return undefined;
    const wrap = (value: Value | ComplexValue): TensorInfo =>
      'node' in value
        ? tensors.tensorOf(value, value.type as DataType)
        : tensors.complexOfParts(tensors.tensorOf(value.real, 'float32'), tensors.tensorOf(value.imag, 'float32'));
    return Array.isArray(result) ? result.map(wrap) : wrap(result as Value | ComplexValue);
  }

  /** With an empty input most results are empty as well, whatever the numbers of the other inputs are. */
  private onEmpty(trace: TraceScope, name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): Result {
    const infos = infosOf(inputs);
    if (name === 'TensorScatterUpdate') {
      // Nothing is written into the tensor.
      const { tensor } = inputs as NamedTensorInfoMap;
      return this.tensors.alias(tensor!, tensor!.shape);
    }
    const result = runOnHost(withZeros(this.tensors, trace), this.cpu, name, inputs, attrs);
    const results = [result].flat();
    if (results.every(({ shape }) => sizeOf(shape) === 0)) return result;
    try {
      trace.fallback(name, infos);
    } catch (error) {
      for (const { dataId } of results) this.tensors.dispose(dataId, true);
      throw error;
    }
    return result;
  }

  private onHost(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined, fallback: boolean): Result {
    const { tensors } = this;
    if (fallback) this.statistics.countFallback(name);
    const infos = infosOf(inputs);
    if (tensors.trace !== undefined && infos.some(({ shape }) => sizeOf(shape) === 0))
      return this.onEmpty(tensors.trace, name, inputs, attrs);
    tensors.trace?.fallback(name, infos);
    return runOnHost(tensors, this.cpu, name, inputs, attrs);
  }
}

/** The tensors for kernels in a trace some of whose inputs are empty: numbers that are not there yet are zeros. */
function withZeros(tensors: Tensors, trace: TraceScope): HostTensors {
  const numbers = (memory: TensorMemory): BackendValues =>
    trace.isKnown(memory)
      ? tensors.numbers(memory)
      : (newNumbers(sizeOf(memory.shape), elementType(memory.dtype) ?? 'float32') as BackendValues);
  return {
    trace,
    numbers,
    of: (dataId) => tensors.of(dataId),
    complexOf: (real, imag) => tensors.complexOf(real, imag),
    dispose: (dataId, force) => tensors.dispose(dataId, force),
    tensorOfNumbers: (values, shape, dtype) => tensors.tensorOfNumbers(values, shape, dtype),
  };
}

function named<T>(inputs: KernelInputs, list: readonly T[]): Record<string, T> {
  const result: Record<string, T> = {};
  if (Array.isArray(inputs)) return result;
  let next = 0;
  for (const [key, info] of Object.entries(inputs)) if (info != null) result[key] = list[next++]!;
  return result;
}
