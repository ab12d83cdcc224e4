import { assertKnownOptions, CrossmodalError, requireOneOf } from '@crossmodal/core';
import { batchNormalization, LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

export interface ImageGeneratorOptions {
  /**
   * Height and width of the images: 8, 16, 32, 64, ...
   * @default 32
   */
  size?: number;
  /** @default 3 */
  channels?: number;
  /** @default 100 */
  latentDimension?: number;
  /**
   * Length of the condition vector; 0 for an unconditional generator.
   * @default 0
   */
  conditionDimension?: number;
  /**
   * Channels of the last hidden map; each map before it has twice as many.
   * @default 64
   */
  width?: number;
  /** @default 'batch' */
  normalization?: 'batch' | 'none';
  /** @default 0 */
  seed?: number | string;
}

/** How often 4x4 must be doubled to reach `size`. */
export function doublings(caller: string, size: number): number {
  const count = Math.log2(size / 4);
  if (!Number.isInteger(count) || count < 1) {
    throw new CrossmodalError(`${caller}: size must be 4 times a power of two (8, 16, 32, 64, ...), got ${size}`);
  }
  return count;
}

const optionNames: Record<keyof ImageGeneratorOptions, true> = {
  size: true,
  channels: true,
  latentDimension: true,
  conditionDimension: true,
  width: true,
  normalization: true,
  seed: true,
};

/**
 * The convolutional generator of DCGAN: (noise, condition) -> dense to 4x4 -> transposed convolutions 4x4 with stride 2,
 * each halving the channels and doubling the map -> tanh.
 *
 * Inputs: noise [batch, latentDimension] and, when `conditionDimension` > 0, condition [batch, conditionDimension].
 * Output: images [batch, size, size, channels] in [-1, 1].
 *
 * @throws CrossmodalError for a size that is not 4 times a power of two
 * @see Radford et al., DCGAN (2016), section 3; Reed et al., Generative adversarial text to image synthesis (2016), figure 2
 * @example
 * const generator = imageGenerator({ size: 32, conditionDimension: 64, seed: 1 });
 */
export function imageGenerator(options: ImageGeneratorOptions = {}): tfl.LayersModel {
  assertKnownOptions('imageGenerator', options, optionNames);
  const {
    size = 32,
    channels = 3,
    latentDimension = 100, // DCGAN
    conditionDimension = 0,
    width = 64, // DCGAN has 128 at the last hidden map of 64x64 images
    normalization = 'batch', // DCGAN
    seed = 0,
  } = options;
  requireOneOf('imageGenerator: normalization', normalization, ['none', 'batch']);
  const steps = doublings('imageGenerator', size);
  const seeds = new LayerSeeds(seed, 'image-generator');
  const noise = tfl.input({ shape: [latentDimension], name: 'noise' });
  const inputs = [noise];
  let x: SymbolicTensor = noise;
  if (conditionDimension > 0) {
    const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
    inputs.push(condition);
    x = tfl.layers.concatenate({ name: 'joined' }).apply([noise, condition]) as SymbolicTensor;
  }
  let filters = width * 2 ** (steps - 1);
  // A bias in front of a batch normalisation is cancelled by it.
  const useBias = normalization === 'none';
  const activate = (y: SymbolicTensor, name: string) => {
    const normal =
      normalization === 'batch' ? (batchNormalization({ name: `${name}_norm` }).apply(y) as SymbolicTensor) : y;
    return tfl.layers.reLU({ name: `${name}_relu` }).apply(normal) as SymbolicTensor;
  };
  x = tfl.layers
    .dense({ units: 16 * filters, useBias, kernelInitializer: seeds.glorot('seed_map'), name: 'seed_map' })
    .apply(x) as SymbolicTensor;
  x = tfl.layers.reshape({ targetShape: [4, 4, filters], name: 'seed_map_4x4' }).apply(x) as SymbolicTensor;
  x = activate(x, 'seed_map');
  for (let step = 1; step <= steps; step++) {
    const last = step === steps;
    filters = last ? channels : filters / 2;
    const name = last ? 'image' : `up_${4 * 2 ** step}`;
    x = tfl.layers
      .conv2dTranspose({
        filters,
        kernelSize: 4,
        strides: 2,
        padding: 'same',
        useBias: last || useBias,
        activation: last ? 'tanh' : 'linear',
        kernelInitializer: normalization === 'batch' ? seeds.normal(name) : seeds.he(name),
        name,
      })
      .apply(x) as SymbolicTensor;
    if (!last) x = activate(x, name);
  }
  return tfl.model({ inputs, outputs: x, name: 'image_generator' });
}
