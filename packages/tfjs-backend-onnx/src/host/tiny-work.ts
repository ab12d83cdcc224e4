import { createRequire } from 'node:module';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type DataId,
  type DataType,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../ir/graph.js';
import { HEAVY_SHARE } from '../machine-thresholds.js';
import { type BackendValues, coerce } from '../memory/numbers.js';
import { onHost } from '../memory/state.js';
import { TensorMemory } from '../memory/tensor-memory.js';
import type { Tensors } from '../memory/tensors.js';
import { ownKernels } from './own-kernels.js';
import { resultSize } from './result-size.js';
import type { KernelInputs } from './run-on-host.js';
import { type Verified, verified } from './verified.js';

/** Kernels that take many operations per number: for them few numbers are much work. */
const heavy = /Conv|Pool|Resize|FFT|LRN|TopK/;

/** Numbers up to which a kernel's work is tiny. */
export function tinyLimit(kernel: string, hostThreshold: number): number {
  return heavy.test(kernel) ? hostThreshold / HEAVY_SHARE : hostThreshold;
}

const isReal = (dtype: unknown): boolean => dtype === 'float32' || dtype === 'int32' || dtype === 'bool';

const never = () => false;

/**
 * Computes kernels on few numbers at once, where a graph costs more than the work: with our own small kernels
 * and those of tfjs's `cpu` backend that are verified, directly on the tensors of this one. A program of tiny tensors is as fast as on `cpu`.
 */
export class TinyWork {
  private readonly host: MathBackendCPU;
  private readonly kernels = new Map<string, ({ kernelFunc: KernelFunc; limit: number } & Verified) | undefined>();

  constructor(
    private readonly tensors: Pick<Tensors, 'add' | 'dispose' | 'of' | 'storage'>,
    private readonly hostThreshold: number,
  ) {
    const { MathBackendCPU: Cpu } = createRequire(import.meta.url)('@tensorflow/tfjs-backend-cpu') as {
      MathBackendCPU: new () => MathBackendCPU;
    };
    this.host = new Cpu();
    this.host.data = tensors.storage as unknown as MathBackendCPU['data'];
    this.host.makeOutput = ((values, shape, dtype) =>
      this.host.makeTensorInfo(shape, dtype, values)) as MathBackendCPU['makeOutput'];
    this.host.write = (values: BackendValues, shape: number[], dtype: DataType): DataId =>
      tensors.add(new TensorMemory(dtype, shape, onHost(coerce(values, dtype))));
    this.host.incRef = (dataId) => tensors.of(dataId).retain();
    this.host.decRef = (dataId) => tensors.of(dataId).release();
    this.host.refCount = (dataId) => tensors.storage.find(dataId)?.references ?? 0;
    this.host.disposeData = (dataId, force = false) => tensors.dispose(dataId, force);
  }

  /** The results, or undefined where the work is not tiny or the numbers are not on the host. */
  run(name: string, inputs: KernelInputs, attrs: NamedAttrMap | undefined): TensorInfo | TensorInfo[] | undefined {
    const kernel = this.kernel(name);
    if (kernel === undefined || (name === 'Cast' && !isReal(attrs?.['dtype']))) return undefined;
    let size = 0;
    let isLent = false;
    for (const key in inputs) {
      const info = (inputs as NamedTensorInfoMap)[key];
      if (info == null) continue;
      if (info.dtype === 'complex64' || info.dtype === 'string') return undefined;
      const memory = this.tensors.of(info.dataId);
      if (!memory.hasNumbers) return undefined;
      size += sizeOf(info.shape);
      if (size > kernel.limit) return undefined;
      // A kernel may hand its input on, or a part of it: then nobody may write to that memory any more.
      memory.numbersToHold();
      isLent ||= memory.state.kind === 'lent';
    }
    // Kernels without inputs make tensors of any size.
    if (size === 0 || resultSize(name, inputs, attrs) > kernel.limit) return undefined;
    if (kernel.condition !== undefined && !kernel.condition(inputs as NamedTensorInfoMap, attrs ?? {}))
      return undefined;
    const result = kernel.kernelFunc({ inputs: inputs as NamedTensorInfoMap, attrs: attrs ?? {}, backend: this.host });
    if (Array.isArray(result)) for (const info of result) this.note(info, isLent);
    else this.note(result, isLent);
    return result;
  }

  /** What is known of the memory of a result. */
  private note({ dataId }: TensorInfo, isLent: boolean): void {
    if (isLent) this.tensors.storage.get(dataId).noteLender();
  }

  private kernel(name: string) {
    const earlier = this.kernels.get(name);
    if (earlier !== undefined) return earlier;
    const config = getKernel(name, 'cpu') as KernelConfig | undefined;
    const kernelFunc = ownKernels[name] ?? config?.kernelFunc;
    const limit = tinyLimit(name, this.hostThreshold);
    const kernel = kernelFunc && { kernelFunc, limit, ...(verified(name) ?? { condition: never }) };
    this.kernels.set(name, kernel);
    return kernel;
  }
}
