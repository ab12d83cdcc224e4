import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendValues, Entry } from '../entry.js';
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
  /** Whose memory the kernel reads. */
  const owners = new Map<object, Entry[]>();
  const numbers = (entry: Entry): BackendValues => {
    const values = backend.numbers(entry);
    const memory = memoryOf(values);
    owners.set(memory, [...(owners.get(memory) ?? []), entry]);
    return values;
  };
  const tensor = (info: TensorInfo): HostTensor => {
    const entry = backend.entry(info.dataId);
    if (entry.parts !== undefined) {
      const { real, imag } = entry.parts;
      return {
        shape: info.shape,
        dtype: info.dtype,
        parts: { real: numbers(backend.entry(real.dataId)), imag: numbers(backend.entry(imag.dataId)) },
      };
    }
    return { shape: info.shape, dtype: info.dtype, values: numbers(entry) };
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
      const result = backend.entry(info.dataId);
      // A kernel may hand its input on, or a part of it: then nobody may write to that memory any more.
      const sources = owners.get(memoryOf(values!)) ?? [];
      for (const source of sources) source.shared = true;
      Object.assign(result, { shared: true, foreign: sources.some((source) => source.foreign) });
      backend.trace?.wrote(result);
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
