import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { LayerSeeds, spectralNormalization } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Discriminator } from './discriminator.js';
import { doublings } from './image-generator.js';

export interface ImageDiscriminatorOptions {
  /** @default 32 */
  size?: number;
  /** @default 3 */
  channels?: number;
  /**
   * Length of the condition vector; 0 for an unconditional discriminator.
   * @default 0
   */
  conditionDimension?: number;
  /**
   * Channels of the first map; each map after it has twice as many.
   * @default 64
   */
  width?: number;
  /**
   * How the condition enters; see the two papers below.
   * @default 'concatenation'
   */
  conditioning?: 'concatenation' | 'projection';
  /**
   * Divides each weight matrix by its largest singular value.
   * @default true
   */
  spectral?: boolean;
  /** @default 0 */
  seed?: number | string;
}

const optionNames: Record<keyof ImageDiscriminatorOptions, true> = {
  size: true,
  channels: true,
  conditionDimension: true,
  width: true,
  conditioning: true,
  spectral: true,
  seed: true,
};

/**
 * The convolutional discriminator of DCGAN in two parts: the body turns images into a 4x4 map (convolutions 4x4 with
 * stride 2, leaky ReLU), the head judges the map together with a condition.
 *
 * `concatenation` (Reed et al.): a dense projection of the condition is repeated over the 4x4 map, joined to it,
 * mixed by a 1x1 convolution and scored. `projection` (Miyato and Koyama): score = w.h + (V c).(U h), h the flattened map.
 *
 * Body: images [batch, size, size, channels] in [-1, 1] -> [batch, 4, 4, maps]. Head: -> logits [batch, 1].
 *
 * @throws CrossmodalError for a size that is not 4 times a power of two
 * @see Reed et al., Generative adversarial text to image synthesis (2016), section 4.1; Miyato and Koyama, cGANs with
 *   projection discriminator (2018), eq. 3; Miyato et al., Spectral normalization (2018)
 * @example
 * const discriminator = imageDiscriminator({ size: 32, conditionDimension: 64, seed: 1 });
 */
export function imageDiscriminator(options: ImageDiscriminatorOptions = {}): Discriminator {
  assertKnownOptions('imageDiscriminator', options, optionNames);
  const {
    size = 32,
    channels = 3,
    conditionDimension = 0,
    width = 64, // DCGAN
    conditioning = 'concatenation', // Reed et al.
    spectral = true, // Miyato et al.: makes training stable without a gradient penalty
    seed = 0,
  } = options;
  requireOneOf('imageDiscriminator: conditioning', conditioning, ['concatenation', 'projection']);
  const steps = doublings('imageDiscriminator', size);
  const seeds = new LayerSeeds(seed, 'image-discriminator');
  const bounded = (layer: tfl.layers.Layer, name: string): tfl.layers.Layer =>
    spectral
      ? spectralNormalization({ layer, name: `${name}_spectral`, seed: seeds.integer(`${name}_spectral`) })
      : layer;
  // Without spectral normalisation the weights begin small, uniform of variance 1 / (3 fan in), as torch's layers do. With those of
  // He a slope penalty is hundreds of nats at first, drowns all else, and the generator has one picture left (RESULTS.md).
  const initial = (name: string) =>
    spectral
      ? seeds.glorot(name)
      : tfl.initializers.varianceScaling({
          ...{ scale: 1 / 3, mode: 'fanIn', distribution: 'uniform' },
          seed: seeds.integer(name),
        });
  const leaky = (x: SymbolicTensor, name: string) =>
    // Slope 0.2: DCGAN.
    tfl.layers.leakyReLU({ alpha: 0.2, name: `${name}_leaky` }).apply(x) as SymbolicTensor;
  const convolution = (x: SymbolicTensor, filters: number, kernelSize: number, name: string) => {
    const kernelInitializer = initial(name);
    const layer = tfl.layers.conv2d({
      filters,
      kernelSize,
      strides: kernelSize === 4 ? 2 : 1,
      padding: 'same',
      kernelInitializer,
      name,
    });
    return bounded(layer, name).apply(x) as SymbolicTensor;
  };
  const dense = (x: SymbolicTensor, units: number, name: string) =>
    bounded(tfl.layers.dense({ units, kernelInitializer: initial(name), name }), name).apply(x) as SymbolicTensor;

  const images = tfl.input({ shape: [size, size, channels], name: 'images' });
  let x: SymbolicTensor = images;
  for (let step = 0; step < steps; step++) {
    const name = `down_${size / 2 ** (step + 1)}`;
    x = leaky(convolution(x, width * 2 ** step, 4, name), name);
  }
  const body = tfl.model({ inputs: images, outputs: x, name: 'image_discriminator_body' });

  const maps = width * 2 ** (steps - 1);
  const map = tfl.input({ shape: [4, 4, maps], name: 'map' });
  const flat = (y: SymbolicTensor, name: string) => tfl.layers.flatten({ name }).apply(y) as SymbolicTensor;
  if (conditionDimension === 0) {
    const score = dense(flat(map, 'flat'), 1, 'score');
    return { body, head: tfl.model({ inputs: map, outputs: score, name: 'image_discriminator_head' }) };
  }
  const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
  let score: SymbolicTensor;
  if (conditioning === 'concatenation') {
    // The 1x1 convolution over the joined map, written as a sum: that of the map plus that of the repeated condition.
    const compressed = leaky(dense(condition, Math.min(conditionDimension, 128), 'compressed'), 'compressed'); // Reed et al.: 128
    const ofCondition = tfl.layers
      .reshape({ targetShape: [1, 1, maps], name: 'condition_mix_1x1' })
      .apply(dense(compressed, maps, 'condition_mix')) as SymbolicTensor;
    const ofMap = convolution(map, maps, 1, 'map_mix');
    const mixed = tfl.layers.add({ name: 'mixed' }).apply([ofMap, ofCondition]) as SymbolicTensor;
    score = dense(flat(leaky(mixed, 'mixed'), 'flat'), 1, 'score');
  } else {
    const features = flat(map, 'flat');
    const match = tfl.layers
      .dot({ axes: 1, name: 'match' })
      .apply([
        dense(condition, maps, 'condition_projection'),
        dense(features, maps, 'image_projection'),
      ]) as SymbolicTensor;
    score = tfl.layers.add({ name: 'sum' }).apply([dense(features, 1, 'score'), match]) as SymbolicTensor;
  }
  const head = tfl.model({ inputs: [map, condition], outputs: score, name: 'image_discriminator_head' });
  return { body, head };
}
