import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

interface ConvolutionalOptions {
  /**
   * Height and width of the images, divisible by 2^blocks.
   * @default 32
   */
  size?: number;
  /**
   * Channels of the images.
   * @default 3
   */
  channels?: number;
  /**
   * How often the map is halved.
   * @default 3
   */
  blocks?: number;
  /**
   * Channels of the largest map; doubled at each halving.
   * @default 32
   */
  width?: number;
  /**
   * Length of a condition vector; 0 for none.
   * @default 0
   */
  conditionDimension?: number;
  /** @default 0 */
  seed?: number | string;
}

function checkSize(caller: string, size: number, blocks: number): void {
  if (!Number.isInteger(blocks) || blocks < 1 || !Number.isInteger(size / 2 ** blocks)) {
    throw new CrossmodalError(`${caller}: size must be divisible by 2^blocks, got size ${size} and ${blocks} blocks`);
  }
}

/**
 * A convolutional network from images to features, for the inference side of a VAE: `blocks` convolutions 4x4 with stride
 * 2 and ReLU, then a dense layer. A condition joins before the dense layer.
 *
 * [batch, size, size, channels] (and condition [batch, conditionDimension]) -> [batch, features].
 *
 * @throws CrossmodalError for a size that is not divisible by 2^blocks
 * @example
 * const encoder = convolutionalInference({ size: 32, channels: 3, seed: 1 });
 */
export function convolutionalInference({
  size = 32,
  channels = 3,
  blocks = 3,
  width = 32,
  features = 256, // Higgins et al., beta-VAE (2017), table 1
  conditionDimension = 0,
  seed = 0,
  ...others
}: ConvolutionalOptions & {
  /** @default 256 */
  features?: number;
} = {}): tfl.LayersModel {
  assertKnownOptions('convolutionalInference', others, [
    'size',
    'channels',
    'blocks',
    'width',
    'conditionDimension',
    'seed',
    'features',
  ]);
  checkSize('convolutionalInference', size, blocks);
  const seeds = new LayerSeeds(seed, 'convolutional-inference');
  const images = tfl.input({ shape: [size, size, channels], name: 'values' });
  const inputs = [images];
  let x: SymbolicTensor = images;
  for (let block = 0; block < blocks; block++) {
    const name = `down_${size / 2 ** (block + 1)}`;
    x = tfl.layers
      .conv2d({
        filters: width * 2 ** block,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: seeds.he(name),
        name,
      })
      .apply(x) as SymbolicTensor;
  }
  x = tfl.layers.flatten({ name: 'flat' }).apply(x) as SymbolicTensor;
  if (conditionDimension > 0) {
    const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
    inputs.push(condition);
    x = tfl.layers.concatenate({ name: 'joined' }).apply([x, condition]) as SymbolicTensor;
  }
  x = tfl.layers
    .dense({ units: features, activation: 'relu', kernelInitializer: seeds.he('features'), name: 'features' })
    .apply(x) as SymbolicTensor;
  return tfl.model({ inputs, outputs: x, name: 'convolutional_inference' });
}

/**
 * The mirror image of `convolutionalInference`: a dense layer, then transposed convolutions 4x4 with stride 2.
 *
 * [batch, latentDimension] (and condition) -> [batch, size, size, channels * parametersPerValue].
 *
 * @throws CrossmodalError for a size that is not divisible by 2^blocks
 * @example
 * const decoder = convolutionalDecoder({ latentDimension: 32, size: 32, channels: 3, seed: 1 });
 */
export function convolutionalDecoder({
  latentDimension,
  size = 32,
  channels = 3,
  blocks = 3,
  width = 32,
  parametersPerValue = 1,
  conditionDimension = 0,
  seed = 0,
  ...others
}: ConvolutionalOptions & {
  latentDimension: number;
  /**
   * That of the likelihood: 2 for a Gaussian with learned variance.
   * @default 1
   */
  parametersPerValue?: number;
}): tfl.LayersModel {
  assertKnownOptions('convolutionalDecoder', others, [
    'size',
    'channels',
    'blocks',
    'width',
    'conditionDimension',
    'seed',
    'latentDimension',
    'parametersPerValue',
  ]);
  checkSize('convolutionalDecoder', size, blocks);
  const seeds = new LayerSeeds(seed, 'convolutional-decoder');
  const latent = tfl.input({ shape: [latentDimension], name: 'latent' });
  const inputs = [latent];
  let x: SymbolicTensor = latent;
  if (conditionDimension > 0) {
    const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
    inputs.push(condition);
    x = tfl.layers.concatenate({ name: 'joined' }).apply([latent, condition]) as SymbolicTensor;
  }
  const smallest = size / 2 ** blocks;
  const deepest = width * 2 ** (blocks - 1);
  const units = smallest * smallest * deepest;
  x = tfl.layers
    .dense({ units, activation: 'relu', kernelInitializer: seeds.he('map'), name: 'map' })
    .apply(x) as SymbolicTensor;
  x = tfl.layers.reshape({ targetShape: [smallest, smallest, deepest], name: 'map_2d' }).apply(x) as SymbolicTensor;
  for (let block = 1; block <= blocks; block++) {
    const last = block === blocks;
    const name = last ? 'output' : `up_${smallest * 2 ** block}`;
    x = tfl.layers
      .conv2dTranspose({
        filters: last ? channels * parametersPerValue : deepest / 2 ** block,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        activation: last ? 'linear' : 'relu',
        kernelInitializer: last ? seeds.glorot(name) : seeds.he(name),
        name,
      })
      .apply(x) as SymbolicTensor;
  }
  return tfl.model({ inputs, outputs: x, name: 'convolutional_decoder' });
}
