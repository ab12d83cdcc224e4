import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  layerSeeds,
  requireInteger,
} from '@crossmodal/core';
import { batchNormalization, dropoutLayer } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { ImageItem } from '../image.js';
import { type ImageEncoderOptions, imagePreparation, imagePreprocessing } from './image-options.js';

export interface ConvolutionalEncoderOptions extends ImageEncoderOptions {
  /**
   * Channels of each stage; between stages, sides are halved by max pooling.
   * @default [32, 64, 128, 256]
   */
  channels?: readonly number[];
  /**
   * Convolutions (3 x 3, batch normalisation, ReLU) per stage.
   * @default 1
   */
  blocks?: number;
  /** Length of the vector that comes out. */
  dimension: number;
  /**
   * Share of features set to zero before the last layer when training.
   * @default 0
   */
  dropout?: number;
  seed: number;
}

/**
 * A plain convolutional image encoder: stages of 3 x 3 convolutions with batch normalisation and ReLU, max pooling
 * between, average over all places, linear. `encodeSequence` gives the vector of each place of the last map, whose mean
 * is the vector of the picture (without dropout).
 *
 * @returns an encoder of paths, file bytes or pixels; its input is `pixels` [batch, size, size, channels]
 * @throws CrossmodalError when a size is out of range, or there are more stages than the size can be halved
 * @see Simonyan and Zisserman (2015), VGG; Ioffe and Szegedy (2015), batch normalisation; Lin et al. (2014), global average pooling
 * @example
 * const encoder = convolutionalEncoder({ size: 32, channels: [32, 64, 128], dimension: 128, seed: 1 });
 */
export function convolutionalEncoder({
  channels = [32, 64, 128, 256],
  blocks = 1,
  dimension,
  dropout = 0,
  seed,
  ...options
}: ConvolutionalEncoderOptions): Encoder<ImageItem> {
  assertKnownOptions('convolutionalEncoder', options, [
    'channels',
    'blocks',
    'dimension',
    'dropout',
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

  const { size, inputChannels = 3 } = options;
  requireInteger('convolutionalEncoder: size', size);
  requireInteger('convolutionalEncoder: blocks', blocks);
  requireInteger('convolutionalEncoder: dimension', dimension);
  for (const count of channels) requireInteger('convolutionalEncoder: channels', count);
  if (channels.length === 0 || size < 2 ** (channels.length - 1)) {
    throw new CrossmodalError(
      `convolutionalEncoder: a side of ${size} can be halved for at most ${1 + Math.floor(Math.log2(size))} stages, got ${channels.length}`,
      { remedy: 'give fewer channels or a larger size' },
    );
  }
  const seedOf = layerSeeds('convolutionalEncoder', seed);
  const input = tfl.input({ shape: [size, size, inputChannels], name: 'pixels' });
  let x = input;
  channels.forEach((filters, stage) => {
    if (stage > 0) x = tfl.layers.maxPooling2d({ poolSize: 2, name: `stage${stage}_pool` }).apply(x) as typeof x;
    for (let block = 0; block < blocks; block++)
      x = convolution(x, filters, `stage${stage + 1}_block${block + 1}`, seedOf);
  });
  const [, height, width, last] = x.shape as [null, number, number, number];
  const output = tfl.layers.dense({
    units: dimension,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: seedOf('output') }),
    name: 'output',
  });
  let pooled = tfl.layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as typeof x;
  if (dropout > 0)
    pooled = dropoutLayer({ rate: dropout, seed: seedOf('dropout'), name: 'dropout' }).apply(pooled) as typeof x;
  const places = tfl.layers.reshape({ targetShape: [height * width, last], name: 'places' }).apply(x) as typeof x;
  const vector = output.apply(pooled) as typeof x;
  return defineEncoder<ImageItem>({
    modality: 'image',
    model: tfl.model({ inputs: input, outputs: vector, name: 'convolutional_encoder' }),
    sequenceModel: tfl.model({
      inputs: input,
      outputs: output.apply(places) as typeof x,
      name: 'convolutional_regions',
    }),
    inputs: ['pixels'],
    prepare: imagePreparation('convolutionalEncoder', options),
    preprocessing: imagePreprocessing(options),
    saved: { type: 'convolutionalEncoder', options: { ...options, channels, blocks, dimension, dropout, seed } },
  });
}

function convolution(x: tfl.SymbolicTensor, filters: number, name: string, seedOf: (name: string) => number) {
  const layers = [
    tfl.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false, // batch normalisation has one
      kernelInitializer: tfl.initializers.heNormal({ seed: seedOf(name) }), // He et al. (2015)
      name: `${name}_convolution`,
    }),
    batchNormalization({ name: `${name}_normalization` }),
    tfl.layers.reLU({ name: `${name}_activation` }),
  ];
  return layers.reduce((value, layer) => layer.apply(value) as tfl.SymbolicTensor, x);
}
