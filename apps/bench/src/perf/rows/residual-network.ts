import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { convolutionFlops } from './row.js';

function convolution(x: SymbolicTensor, filters: number, kernelSize: number, strides: number): SymbolicTensor {
  const y = layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }).apply(x);
  return layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }).apply(y) as SymbolicTensor;
}

const relu = (x: SymbolicTensor) => layers.reLU().apply(x) as SymbolicTensor;

function block(x: SymbolicTensor, filters: number, strides: number): SymbolicTensor {
  const changes = strides !== 1 || x.shape[3] !== filters;
  const y = convolution(relu(convolution(x, filters, 3, strides)), filters, 3, 1);
  const skip = changes ? convolution(x, filters, 1, strides) : x;
  return relu(layers.add().apply([y, skip]) as SymbolicTensor);
}

/** ResNet-18 up to the average pool: [size, size, 3] -> 512. */
export function resNet18(size: number): LayersModel {
  const image = input({ shape: [size, size, 3] });
  let x = relu(convolution(image, 64, 7, 2));
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(x) as SymbolicTensor;
  [64, 128, 256, 512].forEach((filters, stage) => {
    x = block(block(x, filters, stage === 0 ? 1 : 2), filters, 1);
  });
  return model({ inputs: image, outputs: layers.globalAveragePooling2d({}).apply(x) as SymbolicTensor });
}

/** Of the forward convolutions of `resNet18`. */
export function resNet18Flops(size: number): number {
  let flops = convolutionFlops(size / 2, size / 2, 7, 3, 64);
  [64, 128, 256, 512].forEach((filters, stage) => {
    const map = size / 4 / 2 ** stage;
    const before = stage === 0 ? 64 : filters / 2;
    flops += convolutionFlops(map, map, 3, before, filters) + 3 * convolutionFlops(map, map, 3, filters, filters);
    if (stage > 0) flops += convolutionFlops(map, map, 1, before, filters);
  });
  return flops;
}
