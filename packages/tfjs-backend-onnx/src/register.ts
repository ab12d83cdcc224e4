import {
  findBackendFactory,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerBackend,
  registerKernel,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { assertBackendOptions, type BackendOptions } from './backend-options.js';
import { registerReduceGradients } from './gradients/reduce.js';
import { registerTileGradient } from './gradients/tile.js';
import { CpuKernels } from './host/cpu-kernels.js';
import { OnnxBackend } from './onnx-backend.js';
import type { RecordKernel } from './record/kernel.js';
import { recordable } from './record/table.js';

const BACKEND = 'onnx';

/** Kernels that only rename: they share the data under another shape. */
type Rename = (inputs: NamedTensorInfoMap, attrs: NamedAttrMap | undefined, backend: OnnxBackend) => TensorInfo;

const renames: Record<string, Rename> = {
  Identity: ({ x }, _attrs, backend) => backend.tensors.alias(x!, x!.shape),
  Reshape: ({ x }, attrs, backend) => {
    const size = util.sizeFromShape(x!.shape);
    const shape = util.inferFromImplicitShape(attrs!['shape'] as number[], size);
    const newSize = util.sizeFromShape(shape);
    if (size !== newSize)
      throw new Error(
        `reshape: the new shape [${shape}] has ${newSize} elements, the tensor [${x!.shape}] has ${size}`,
      );
    return backend.tensors.alias(x!, shape);
  },
  ExpandDims: ({ input }, attrs, backend) => {
    const dim = attrs!['dim'] as number;
    const rank = input!.shape.length;
    if (dim < -(rank + 1) || dim > rank)
      throw new Error(`expandDims: axis must be in [${-(rank + 1)}, ${rank}], got ${dim}`);
    const at = dim < 0 ? rank + dim + 1 : dim;
    return backend.tensors.alias(input!, [...input!.shape.slice(0, at), 1, ...input!.shape.slice(at)]);
  },
  Complex: ({ real, imag }, _attrs, backend) => backend.tensors.complexOf(real!, imag!),
  Real: ({ input }, _attrs, backend) => {
    const part = partsOf(input!, backend).real;
    return backend.tensors.alias(part, input!.shape);
  },
  Imag: ({ input }, _attrs, backend) => {
    const part = partsOf(input!, backend).imag;
    return backend.tensors.alias(part, input!.shape);
  },
};

function partsOf({ dataId }: TensorInfo, { tensors }: OnnxBackend): { real: TensorInfo; imag: TensorInfo } {
  const { state } = tensors.of(dataId);
  if (state.kind !== 'complex') throw new Error('internal: a complex tensor without parts');
  return state;
}

let registered = false;

/**
 * Registers the backend `onnx` and its kernels with TensorFlow.js. Calling it again changes nothing, also
 * with other options: `tf.removeBackend('onnx')` first.
 *
 * @param options threads of ONNX Runtime, `exact` arithmetic, bounds of recording and caching; see `BackendOptions`.
 * @throws when an option does not exist or has a value that it cannot have.
 *
 * @example
 * registerOnnxBackend();
 * await tf.setBackend('onnx');
 */
export function registerOnnxBackend(options: BackendOptions = {}): void {
  assertBackendOptions(options);
  const factory: unknown = findBackendFactory(BACKEND);
  if (factory) return;
  // Above tfjs's own backends for Node (cpu 1, wasm 2), so that it is chosen when nothing is said.
  registerBackend(BACKEND, () => new OnnxBackend(options), 3);
  // tf.removeBackend leaves the kernels.
  if (registered) return;
  registered = true;
  for (const [kernelName, rename] of Object.entries(renames)) {
    registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend }) => rename(inputs as NamedTensorInfoMap, attrs, backend as OnnxBackend),
    });
  }
  registerReduceGradients();
  registerTileGradient();
  const names = new Set([...Object.keys(recordable), ...CpuKernels.names()]);
  for (const kernelName of names) {
    if (kernelName in renames) continue;
    const record: RecordKernel | undefined = recordable[kernelName];
    registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs, backend }) =>
        (backend as OnnxBackend).runKernel(kernelName, inputs as NamedTensorInfoMap, attrs, record),
    });
  }
}
