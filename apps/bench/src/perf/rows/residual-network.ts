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

/** Three convolutions, the middle one between narrow ends. */
function bottleneck(x: SymbolicTensor, width: number, strides: number): SymbolicTensor {
  const changes = strides !== 1 || x.shape[3] !== 4 * width;
  let y = relu(convolution(x, width, 1, 1));
  y = relu(convolution(y, width, 3, strides));
  y = convolution(y, 4 * width, 1, 1);
  const skip = changes ? convolution(x, 4 * width, 1, strides) : x;
  return relu(layers.add().apply([y, skip]) as SymbolicTensor);
}

const resNet50Stages = [
  { width: 64, blocks: 3 },
  { width: 128, blocks: 4 },
  { width: 256, blocks: 6 },
  { width: 512, blocks: 3 },
];

/** ResNet-50 up to the average pool: [size, size, 3] -> 2048. */
export function resNet50(size: number): LayersModel {
  const image = input({ shape: [size, size, 3] });
  let x = relu(convolution(image, 64, 7, 2));
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(x) as SymbolicTensor;
  resNet50Stages.forEach(({ width, blocks }, stage) => {
    for (let i = 0; i < blocks; i++) x = bottleneck(x, width, i === 0 && stage > 0 ? 2 : 1);
  });
  return model({ inputs: image, outputs: layers.globalAveragePooling2d({}).apply(x) as SymbolicTensor });
}

/** Of the forward convolutions of `resNet50`. */
export function resNet50Flops(size: number): number {
  let flops = convolutionFlops(size / 2, size / 2, 7, 3, 64);
  let before = 64;
  resNet50Stages.forEach(({ width, blocks }, stage) => {
    const map = size / 4 / 2 ** stage;
    for (let i = 0; i < blocks; i++) {
      const mapBefore = i === 0 && stage > 0 ? 2 * map : map;
      flops += convolutionFlops(mapBefore, mapBefore, 1, before, width) + convolutionFlops(map, map, 3, width, width);
      flops += convolutionFlops(map, map, 1, width, 4 * width);
      if (i === 0) flops += convolutionFlops(map, map, 1, before, 4 * width);
      before = 4 * width;
    }
  });
  return flops;
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
