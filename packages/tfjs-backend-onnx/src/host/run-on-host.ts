import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendValues } from '../entry.js';
import type { RecordingBackend } from '../recording-backend.js';
import type { CpuKernels, HostInputs, HostTensor } from './cpu-kernels.js';

export type KernelInputs = NamedTensorInfoMap | TensorInfo[];

/** Computes one kernel in JavaScript, on the numbers of tensors of the backend, into new tensors of the backend. */
export function runOnHost(
  backend: RecordingBackend,
  cpu: CpuKernels,
  name: string,
  inputs: KernelInputs,
  attrs: NamedAttrMap | undefined,
): TensorInfo | TensorInfo[] {
  const foreign = new Set<object>();
  const tensor = (info: TensorInfo): HostTensor => {
    const entry = backend.entry(info.dataId);
    if (entry.foreign && entry.values !== undefined) foreign.add(memoryOf(entry.values));
    if (entry.parts !== undefined) {
      const { real, imag } = entry.parts;
      return {
        shape: info.shape,
        dtype: info.dtype,
        parts: { real: backend.numbers(backend.entry(real.dataId)), imag: backend.numbers(backend.entry(imag.dataId)) },
      };
    }
    return { shape: info.shape, dtype: info.dtype, values: backend.numbers(entry) };
  };
  const given: HostInputs = Array.isArray(inputs)
    ? inputs.map(tensor)
    : Object.fromEntries(
        Object.entries(inputs)
          .filter(([, info]) => info != null)
          .map(([key, info]) => [
            key,
            Array.isArray(info) ? (info as TensorInfo[]).map(tensor) : tensor(info as TensorInfo),
          ]),
      );
  const { outputs, list } = cpu.run(name, given, attrs);
  const infos = outputs.map(({ shape, dtype, values, parts }) => {
    if (parts === undefined) {
      const info = backend.tensorOfNumbers(values!, shape, dtype);
      // A kernel may hand its input on.
      Object.assign(backend.entry(info.dataId), { shared: true, foreign: foreign.has(memoryOf(values!)) });
      return info;
    }
    const real = backend.tensorOfNumbers(parts.real, shape, 'float32');
    const imag = backend.tensorOfNumbers(parts.imag, shape, 'float32');
    const info = backend.complexOf(real, imag);
    backend.disposeData(real.dataId);
    backend.disposeData(imag.dataId);
    return info;
  });
  return list ? infos : infos[0]!;
}

function memoryOf(values: BackendValues): object {
  return ArrayBuffer.isView(values) ? values.buffer : values;
}

/** All tensors of a kernel's inputs, in order. */
export function infosOf(inputs: KernelInputs): TensorInfo[] {
  return (Array.isArray(inputs) ? inputs : Object.values(inputs).flat()).filter((info) => info != null) as TensorInfo[];
}
