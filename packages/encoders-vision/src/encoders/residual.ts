import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  Random,
  requireInteger,
  requireOneOf,
  trainableVariables,
} from '@crossmodal/core';
import { batchNormalization } from '@crossmodal/core/layers';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { ImageItem } from '../image.js';
import { normalizations } from '../transform/normalize.js';
import { type ImageEncoderOptions, imagePreparation, imagePreprocessing } from './image-options.js';

export interface ResidualEncoderOptions extends ImageEncoderOptions {
  /** 18 and 34 are made of basic blocks (two 3 x 3 convolutions), 50 of bottlenecks (1 x 1, 3 x 3, 1 x 1). */
  depth: 18 | 34 | 50;
  /** Length of the vector that comes out: a linear layer `fc`. Without it, the mean of the last map: 512, or 2048. */
  dimension?: number;
  /**
   * `large`: a 7 x 7 convolution with stride 2 and max pooling, for 224 pixels; `small`: one 3 x 3, for 32.
   * @default 'large'
   */
  stem?: 'large' | 'small';
  seed: number;
}

type Node = tfl.SymbolicTensor;

const blocks = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3] } as const;

/**
 * A residual network, ResNet-18, 34 or 50, with torchvision's names (`layer1.0.conv1`) and conventions: a bottleneck has
 * its stride on the 3 x 3 convolution, padding is symmetric, batch normalisation has epsilon 1e-5. `encodeSequence` gives
 * one vector per place of the last map.
 *
 * @param options pictures are normalised with ImageNet's mean and deviation unless given
 * @returns an encoder of paths, file bytes or pixels; its input is `pixels` [batch, size, size, channels]
 * @throws CrossmodalError when a size is out of range or the depth unknown
 * @see He et al. (2016), "Deep residual learning for image recognition", table 1; torchvision.models.resnet
 * @example
 * const encoder = residualEncoder({ depth: 18, size: 64, dimension: 128, seed: 1 });
 */
export function residualEncoder({
  depth,
  dimension,
  stem = 'large',
  seed,
  ...options
}: ResidualEncoderOptions): Encoder<ImageItem> {
  assertKnownOptions('residualEncoder', options, [
    'depth',
    'dimension',
    'stem',
    'seed',
    'size',
    'inputChannels',
    'augment',
    'fit',
    'background',
    'kernel',
    'mean',
    'standardDeviation',
  ]);
  requireOneOf('residualEncoder: stem', stem, ['large', 'small']);

  const { size, inputChannels = 3 } = options;
  requireInteger('residualEncoder: size', size, stem === 'large' ? 32 : 8);
  if (dimension !== undefined) requireInteger('residualEncoder: dimension', dimension);
  const counts = blocks[depth];
  if (!counts) throw new CrossmodalError(`residualEncoder: depth must be 18, 34 or 50, got ${depth}`);
  const input = tfl.input({ shape: [size, size, inputChannels], name: 'pixels' });
  let x: Node = input;
  if (stem === 'large') {
    x = relu(normalization(convolution(x, 64, 7, 2, 'conv1'), 'bn1'), 'relu');
    // Zeros do no harm around values that are not negative.
    x = tfl.layers.zeroPadding2d({ padding: 1, name: 'maxpool_padding' }).apply(x) as Node;
    x = tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, name: 'maxpool' }).apply(x) as Node;
  } else {
    x = relu(normalization(convolution(x, 64, 3, 1, 'conv1'), 'bn1'), 'relu');
  }
  counts.forEach((count, stage) => {
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const name = `layer${stage + 1}.${block}`;
      x = (depth === 50 ? bottleneck : basicBlock)(x, 64 * 2 ** stage, stride, name);
    }
  });
  const [, height, width, channels] = x.shape as [null, number, number, number];
  const pooled = tfl.layers.globalAveragePooling2d({ name: 'avgpool' }).apply(x) as Node;
  const places = tfl.layers.reshape({ targetShape: [height * width, channels], name: 'places' }).apply(x) as Node;
  const head =
    dimension === undefined
      ? undefined
      : tfl.layers.dense({ units: dimension, kernelInitializer: 'zeros', name: 'fc' });
  const vector = head ? (head.apply(pooled) as Node) : pooled;
  const model = tfl.model({ inputs: input, outputs: vector, name: `resnet${depth}` });
  drawWeights(model, seed);
  return defineEncoder<ImageItem>({
    modality: 'image',
    model,
    sequenceModel: tfl.model({
      inputs: input,
      outputs: head ? (head.apply(places) as Node) : places,
      name: `resnet${depth}_regions`,
    }),
    inputs: ['pixels'],
    prepare: imagePreparation('residualEncoder', { ...normalizations.imagenet, ...options }),
    preprocessing: imagePreprocessing({ ...normalizations.imagenet, ...options }),
    saved: { type: 'residualEncoder', options: { ...options, depth, dimension, stem, seed } },
  });
}

/** A convolution without bias, padded by half its kernel on all sides. Its weights are drawn at the end. */
function convolution(x: Node, filters: number, kernelSize: number, strides: number, name: string): Node {
  const padding = (kernelSize - 1) / 2;
  // With stride 2 TensorFlow's "same" pads less on one side than torch.
  const explicit = strides > 1 && padding > 0;
  const padded = explicit ? (tfl.layers.zeroPadding2d({ padding, name: `${name}_padding` }).apply(x) as Node) : x;
  const layer = tfl.layers.conv2d({
    filters,
    kernelSize,
    strides,
    padding: explicit ? 'valid' : 'same',
    useBias: false,
    kernelInitializer: 'zeros',
    name,
  });
  return layer.apply(padded) as Node;
}

function normalization(x: Node, name: string): Node {
  return batchNormalization({ name }).apply(x) as Node;
}

function relu(x: Node, name: string): Node {
  return tfl.layers.reLU({ name }).apply(x) as Node;
}

function shortcut(x: Node, filters: number, stride: number, name: string): Node {
  if (stride === 1 && x.shape[3] === filters) return x;
  return normalization(convolution(x, filters, 1, stride, `${name}.downsample.0`), `${name}.downsample.1`);
}

function joined(a: Node, b: Node, name: string): Node {
  return relu(tfl.layers.add({ name: `${name}.sum` }).apply([a, b]) as Node, `${name}.relu`);
}

function basicBlock(x: Node, filters: number, stride: number, name: string): Node {
  let y = relu(normalization(convolution(x, filters, 3, stride, `${name}.conv1`), `${name}.bn1`), `${name}.relu1`);
  y = normalization(convolution(y, filters, 3, 1, `${name}.conv2`), `${name}.bn2`);
  return joined(y, shortcut(x, filters, stride, name), name);
}

function bottleneck(x: Node, filters: number, stride: number, name: string): Node {
  let y = relu(normalization(convolution(x, filters, 1, 1, `${name}.conv1`), `${name}.bn1`), `${name}.relu1`);
  y = relu(normalization(convolution(y, filters, 3, stride, `${name}.conv2`), `${name}.bn2`), `${name}.relu2`);
  y = normalization(convolution(y, 4 * filters, 1, 1, `${name}.conv3`), `${name}.bn3`);
  return joined(y, shortcut(x, 4 * filters, stride, name), name);
}

/** Convolutions N(0, 2 / (k^2 outputs)), He et al. (2015) by fan-out; `fc` uniform in +-1/sqrt(inputs), as in torch. */
function drawWeights(model: tfl.LayersModel, seed: number): void {
  const random = new Random(seed);
  for (const layer of model.layers) {
    const kernel = layer.trainableWeights.find((weight) => weight.originalName.endsWith('kernel'));
    if (!kernel) continue;
    const shape = kernel.shape as number[];
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (shape.length === 4) {
      const deviation = Math.sqrt(2 / (shape[0]! * shape[1]! * shape[3]!));
      random.fork(layer.name).fillNormal(values);
      for (let i = 0; i < values.length; i++) values[i]! *= deviation;
    } else {
      const limit = 1 / Math.sqrt(shape[0]!);
      random.fork(layer.name).fillUniform(values);
      for (let i = 0; i < values.length; i++) values[i] = (2 * values[i]! - 1) * limit;
    }
    const variable = trainableVariables(layer).find(({ name }) => name === (kernel.read() as tf.Variable).name)!;
    const drawn = tf.tensor(values, shape);
    variable.assign(drawn);
    drawn.dispose();
  }
}
