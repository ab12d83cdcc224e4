import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendValues } from '../memory/numbers.js';
import type { TensorMemory } from '../memory/tensor-memory.js';
import type { Tensors } from '../memory/tensors.js';
import type { CpuKernels, HostInputs, HostTensor } from './cpu-kernels.js';

export type KernelInputs = NamedTensorInfoMap | TensorInfo[];

/** The tensors that kernels in JavaScript read and make. */
export type HostTensors = Pick<Tensors, 'complexOf' | 'dispose' | 'numbers' | 'of' | 'tensorOfNumbers' | 'trace'>;

/** Computes one kernel in JavaScript, on the numbers of tensors of the backend, into new tensors of the backend. */
export function runOnHost(
  tensors: HostTensors,
  cpu: CpuKernels,
  name: string,
  inputs: KernelInputs,
  attrs: NamedAttrMap | undefined,
): TensorInfo | TensorInfo[] {
  /** Whose memory the kernel reads. */
  const owners = new Map<object, TensorMemory[]>();
  const numbers = (owner: TensorMemory): BackendValues => {
    const values = tensors.numbers(owner);
    const memory = memoryOf(values);
    owners.set(memory, [...(owners.get(memory) ?? []), owner]);
    return values;
  };
  const tensor = (info: TensorInfo): HostTensor => {
    const memory = tensors.of(info.dataId);
    if (memory.state.kind === 'complex') {
      const { real, imag } = memory.state;
      return {
        shape: info.shape,
        dtype: info.dtype,
        parts: { real: numbers(tensors.of(real.dataId)), imag: numbers(tensors.of(imag.dataId)) },
      };
    }
    return { shape: info.shape, dtype: info.dtype, values: numbers(memory) };
  };
  const own: HostInputs = Array.isArray(inputs)
    ? inputs.map(tensor)
    : Object.fromEntries(
        Object.entries(inputs)
          .filter(([, info]) => info != null)
          .map(([key, info]) => [
            key,
            Array.isArray(info) ? (info as TensorInfo[]).map(tensor) : tensor(info as TensorInfo),
          ]),
      );
  const { outputs, list } = cpu.run(name, own, attrs);
  const infos = outputs.map(({ shape, dtype, values, parts }) => {
    if (parts === undefined) {
      const info = tensors.tensorOfNumbers(values!, shape, dtype);
      const result = tensors.of(info.dataId);
      // A kernel may hand its input on, or a part of it.
      const sources = owners.get(memoryOf(values!)) ?? [];
      if (sources.some(({ state }) => state.kind === 'lent')) result.noteLender();
      tensors.trace?.wrote(result);
      return info;
    }
    const real = tensors.tensorOfNumbers(parts.real, shape, 'float32');
    const imag = tensors.tensorOfNumbers(parts.imag, shape, 'float32');
    const info = tensors.complexOf(real, imag);
    tensors.dispose(real.dataId, false);
    tensors.dispose(imag.dataId, false);
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
