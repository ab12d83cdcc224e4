import { createRequire } from 'node:module';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type DataType,
  getKernel,
  getKernelsForBackend,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendValues } from '../memory/numbers.js';
import { ownKernels } from './own-kernels.js';

/** A tensor on the host, outside of any backend. */
export interface HostTensor {
  shape: readonly number[];
  dtype: DataType;
  /** Numbers; undefined for complex tensors, which have parts. */
  values?: BackendValues;
  parts?: { real: BackendValues; imag: BackendValues };
}

export type HostInputs = Record<string, HostTensor | HostTensor[]> | HostTensor[];

type Infos = TensorInfo[] | Record<string, TensorInfo | TensorInfo[]>;

/** Our own kernels know no complex numbers and no strings. */
const isReal = (attrs: NamedAttrMap | undefined, infos: Infos): boolean =>
  [String(attrs?.['dtype']), ...Object.values(infos).flatMap((info) => [info].flat().map(({ dtype }) => dtype))].every(
    (dtype) => dtype !== 'complex64' && dtype !== 'string',
  );

/**
 * The kernels of tfjs's own `cpu` backend, run on numbers that this backend owns: for tiny work, where building a
 * graph costs more than computing, and for kernels that ONNX cannot express.
 */
export class CpuKernels {
  private readonly cpu: MathBackendCPU;

  constructor() {
    // Loading the package registers the backend `cpu`; it happens here and not when this module is imported.
    const { MathBackendCPU: Cpu } = createRequire(import.meta.url)('@tensorflow/tfjs-backend-cpu') as {
      MathBackendCPU: new () => MathBackendCPU;
    };
    this.cpu = new Cpu();
    // It greets Node users with advice to install another backend, on its first write.
    (this.cpu as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** Names of all kernels that the package has. */
  static names(): string[] {
    createRequire(import.meta.url)('@tensorflow/tfjs-backend-cpu');
    return getKernelsForBackend('cpu').map((config) => config.kernelName);
  }

  run(kernel: string, inputs: HostInputs, attrs: NamedAttrMap | undefined): { outputs: HostTensor[]; list: boolean } {
    const config = getKernel(kernel, 'cpu') as KernelConfig | undefined;
    const temporary: TensorInfo[] = [];
    const place = (tensor: HostTensor): TensorInfo => {
      const info = this.place(tensor);
      temporary.push(info);
      return info;
    };
    const placeAll = (tensor: HostTensor | HostTensor[]) => (Array.isArray(tensor) ? tensor.map(place) : place(tensor));
    try {
      const operands = Array.isArray(inputs)
        ? inputs.map(place)
        : Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, placeAll(tensor)]));
      const own = isReal(attrs, operands) ? ownKernels[kernel] : undefined;
      const kernelFunc = own ?? config?.kernelFunc;
      if (kernelFunc === undefined) throw new Error(`internal: the cpu backend has no kernel ${kernel}`);
      const result = kernelFunc({
        inputs: operands as NamedTensorInfoMap,
        attrs: attrs ?? {},
        backend: this.cpu,
      });
      const infos = Array.isArray(result) ? result : [result];
      const outputs = infos.map((info) => this.take(info));
      // An output may be an input under another name (identity): each reference is released once.
      for (const info of infos) this.cpu.disposeData(info.dataId);
      return { outputs, list: Array.isArray(result) };
    } finally {
      for (const info of temporary) if (this.cpu.data.has(info.dataId)) this.cpu.disposeData(info.dataId, true);
    }
  }

  private place({ shape, dtype, values, parts }: HostTensor): TensorInfo {
    if (parts !== undefined) {
      const real = this.cpu.makeTensorInfo(shape.slice(), 'float32', parts.real);
      const imag = this.cpu.makeTensorInfo(shape.slice(), 'float32', parts.imag);
      const info = getKernel('Complex', 'cpu').kernelFunc({
        inputs: { real, imag },
        attrs: {},
        backend: this.cpu,
      }) as TensorInfo;
      this.cpu.disposeData(real.dataId);
      this.cpu.disposeData(imag.dataId);
      return info;
    }
    // Not makeTensorInfo: strings arrive encoded already.
    const info: TensorInfo & { rank: number } = {
      dataId: this.cpu.write(values!, shape.slice(), dtype),
      shape: shape.slice(),
      dtype,
      rank: shape.length, // some kernels take for granted that they get tensors
    };
    return info;
  }

  private take(info: TensorInfo): HostTensor {
    const data = this.cpu.data.get(info.dataId);
    if (info.dtype === 'complex64') {
      const { real, imag } = data.complexTensorInfos!;
      return {
        shape: info.shape,
        dtype: info.dtype,
        parts: { real: this.cpu.readSync(real.dataId), imag: this.cpu.readSync(imag.dataId) },
      };
    }
    let values = this.cpu.readSync(info.dataId);
    // The cpu kernel Cast hands on the bytes of a bool tensor under another type.
    if (values instanceof Uint8Array && info.dtype === 'float32') values = Float32Array.from(values);
    if (values instanceof Uint8Array && info.dtype === 'int32') values = Int32Array.from(values);
    return { shape: info.shape, dtype: info.dtype, values };
  }
}
