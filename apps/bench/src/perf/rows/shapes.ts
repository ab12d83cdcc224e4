import { readFileSync } from 'node:fs';
import { trainableVariables } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { uniform } from './data.js';
import type { Row } from './row.js';
import { adamStep } from './training.js';

type Padding = 'same' | 'valid';

/** A layer of `shapes.json`: its name, then what it takes. The PyTorch side reads the same file. */
type Layer =
  | ['conv' | 'transposed', filters: number, kernel: number, stride: number, padding?: Padding]
  | ['depthwise', kernel: number, stride: number, padding?: Padding]
  | ['maxpool' | 'avgpool', size: number]
  | ['dense', units: number]
  | ['norm' | 'relu' | 'leaky'];

interface Shape {
  id: string;
  batch: number;
  /** Of one item, channels last. */
  input: number[];
  layers: Layer[];
}

/**
 * Small networks whose shapes no part of the backend was tuned on: odd maps, channels that are no powers of two, mixed
 * strides, kernels and batch sizes. They show what a stranger's network gets.
 */
export const shapes: readonly Row[] = (
  JSON.parse(readFileSync(new URL('shapes.json', import.meta.url), 'utf8')) as Shape[]
).map(({ id, batch: items, input, layers: list }) => ({
  id,
  title: `${input.join('x')}: ${list.map((layer) => layer.join(' ')).join(', ')}`,
  batch: items,
  forwardFlops: flops(input, list),
  build(batch) {
    const network = networkOf(input, list);
    const variables = trainableVariables(network);
    // The input needs its gradient, too, as in the middle of a network.
    const x = tf.variable(uniform([batch, ...input]));
    return {
      variables: [x, ...variables],
      inputs: [],
      step: adamStep(() => tf.mean(tf.square(network.apply(x, { training: true }) as tf.Tensor)), [x, ...variables]),
    };
  },
}));

function networkOf(inputShape: number[], list: readonly Layer[]): Sequential {
  return sequential({ layers: [layers.inputLayer({ inputShape }), ...list.map(layerOf)] });
}

function layerOf(layer: Layer) {
  switch (layer[0]) {
    case 'conv':
    case 'transposed': {
      const [kind, filters, kernelSize, strides, padding = 'valid'] = layer;
      const make = kind === 'conv' ? layers.conv2d : layers.conv2dTranspose;
      return make({ filters, kernelSize, strides, padding });
    }
    case 'depthwise':
      return layers.depthwiseConv2d({ kernelSize: layer[1], strides: layer[2], padding: layer[3] ?? 'valid' });
    case 'maxpool':
      return layers.maxPooling2d({ poolSize: layer[1] });
    case 'avgpool':
      return layers.averagePooling2d({ poolSize: layer[1] });
    case 'dense':
      return layers.dense({ units: layer[1] });
    case 'norm':
      return layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 });
    case 'leaky':
      return layers.leakyReLU({ alpha: 0.2 });
    case 'relu':
      return layers.reLU({});
  }
}

/** Two per multiply-add of convolutions and products, for one item. */
function flops(input: readonly number[], list: readonly Layer[]): number {
  let [maps, channels] = [input.slice(0, -1), input[input.length - 1]!];
  let sum = 0;
  for (const layer of list) {
    const [kind] = layer;
    if (kind === 'dense') {
      sum += 2 * channels * layer[1];
      channels = layer[1];
    } else if (kind === 'conv' || kind === 'transposed') {
      const [, filters, kernel, stride, padding] = layer;
      const before = maps;
      maps = maps.map((size) =>
        kind === 'conv' ? reduced(size, kernel, stride, padding) : (size - 1) * stride + kernel,
      );
      sum += 2 * product(kind === 'conv' ? maps : before) * kernel ** 2 * channels * filters;
      channels = filters;
    } else if (kind === 'depthwise') {
      maps = maps.map((size) => reduced(size, layer[1], layer[2], layer[3]));
      sum += 2 * product(maps) * layer[1] ** 2 * channels;
    } else if (kind === 'maxpool' || kind === 'avgpool') {
      maps = maps.map((size) => Math.floor(size / layer[1]));
    }
  }
  return sum;
}

function reduced(size: number, kernel: number, stride: number, padding: Padding = 'valid'): number {
  return Math.ceil((padding === 'same' ? size : size - kernel + 1) / stride);
}

function product(maps: readonly number[]): number {
  return maps.reduce((result, size) => result * size, 1);
}
