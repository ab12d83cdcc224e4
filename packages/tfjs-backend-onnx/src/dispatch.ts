import {
  type DataType,
  engine,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  slice_util,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { elementType } from './entry.js';
import { CpuKernels } from './host/cpu-kernels.js';
import { resultSize } from './host/result-size.js';
import { infosOf, type KernelInputs, runOnHost } from './host/run-on-host.js';
import { TinyWork, tinyLimit } from './host/tiny-work.js';
import { mayRunOnHost } from './host/verified.js';
import { setOrigin, sizeOf, type Value } from './ir/graph.js';
import { type ComplexValue, complexKernels } from './record/complex.js';
import { hostConstants } from './record/creation.js';
import { withoutEmpty, withoutWeights } from './record/empty-operands.js';
import type { RecordKernel } from './record/kernel.js';
import { VaryingAttributes } from './record/varying.js';
import type { RecordingBackend } from './recording-backend.js';

type Result = TensorInfo | TensorInfo[];

/** In a graph that is followed to be compiled, numbers in its place are worth more than the time to record it. */
const TRACED = 32;

/** Decides where a kernel is computed: at once when it is tiny, in the graph when ONNX can express it, in JavaScript otherwise. */
export class Dispatch {
  private readonly cpu = new CpuKernels();
  private readonly tiny: TinyWork;
  private readonly varying = new VaryingAttributes();

  constructor(private readonly backend: RecordingBackend) {
    this.tiny = new TinyWork(backend);
  }

  run(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined, record: RecordKernel | undefined): Result {
    if (record !== undefined && this.backend.trace === undefined) {
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
    if (this.backend.trace === undefined) this.backend.pending.atStepBoundary(engine().state.gradientDepth);
    setOrigin(name);
    const result = isComplex
      ? this.recordComplex(name, recorded.inputs, recorded.attrs)
      : this.record(record!, recorded.inputs, recorded.attrs);
    if (result === undefined) return this.onHost(name, inputs, attrs, true);
    this.backend.pending.countNode();
    return result;
  }

  /** Little work on numbers that are on the host. */
  private isTiny(
    name: string,
    inputs: KernelInputs,
    infos: readonly TensorInfo[],
    attrs: NamedAttrMap | undefined,
  ): boolean {
    const { backend } = this;
    const { hostThreshold } = backend.options;
    const limit = tinyLimit(name, backend.trace === undefined ? hostThreshold : Math.min(hostThreshold, TRACED));
    let size = infos.length === 0 ? sizeOf((attrs?.['shape'] as number[] | undefined) ?? []) : 0;
    for (const info of infos) size += sizeOf(info.shape);
    return (
      size <= limit &&
      infos.every((info) => backend.hasNumbers(info)) &&
      (infos.length === 0 || (resultSize(name, inputs, attrs) <= limit && mayRunOnHost(name, inputs, attrs)))
    );
  }

  /** Consecutive numbers of a tensor that is on the host: no graph gives them faster. */
  private isView(name: string, [x]: readonly TensorInfo[], attrs: NamedAttrMap | undefined): boolean {
    if (name !== 'Slice' || this.backend.trace !== undefined || x!.dtype === 'complex64') return false;
    if (!this.backend.hasNumbers(x!)) return false;
    const [begin, size] = slice_util.parseSliceParams(
      x as never,
      attrs!['begin'] as number[],
      attrs!['size'] as number[],
    );
    return slice_util.isSliceContinous(x!.shape, begin!, size!);
  }

  private record(record: RecordKernel, inputs: KernelInputs, attrs: NamedAttrMap | undefined): Result | undefined {
    const { backend } = this;
    const infos = infosOf(inputs);
    const list = infos.map((info) => backend.recorded(info));
    const result = record({
      inputs: named(inputs, list),
      list,
      attrs: attrs ?? {},
      dtypes: infos.map((info) => info.dtype),
      varies: (place, value) => backend.trace === undefined && this.varying.varies(place, value),
    });
    if (result === undefined) return undefined;
    const wrap = (value: Value): TensorInfo => backend.tensorOf(value, value.type as DataType);
    return 'node' in result ? wrap(result) : result.map(wrap);
  }

  private recordComplex(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): Result | undefined {
    const { backend } = this;
    const list = infosOf(inputs).map((info) => backend.recordedComplex(info));
    const result = complexKernels[name]!({ inputs: named(inputs, list), list, attrs: attrs ?? {} });
    if (result === undefined) return undefined;
    const wrap = (value: Value | ComplexValue): TensorInfo =>
      'node' in value
        ? backend.tensorOf(value, value.type as DataType)
        : backend.complexOfParts(backend.tensorOf(value.real, 'float32'), backend.tensorOf(value.imag, 'float32'));
    return Array.isArray(result) ? result.map(wrap) : wrap(result as Value | ComplexValue);
  }

  private onHost(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined, fallback: boolean): Result {
    const { backend } = this;
    if (fallback) backend.statistics.countFallback(name);
    backend.trace?.fallback(name, infosOf(inputs), (info) => backend.entry(info.dataId));
    return runOnHost(backend, this.cpu, name, inputs, attrs);
  }
}

function named<T>(inputs: KernelInputs, list: readonly T[]): Record<string, T> {
  const result: Record<string, T> = {};
  if (Array.isArray(inputs)) return result;
  let next = 0;
  for (const [key, info] of Object.entries(inputs)) if (info != null) result[key] = list[next++]!;
  return result;
}
