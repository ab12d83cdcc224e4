import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { batchNormalization, LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

export interface RefiningGeneratorOptions {
  /** Length of the condition vector. */
  conditionDimension: number;
  /** Height and width of the pictures of the first stage, divisible by 4. */
  firstSize: number;
  /**
   * Height and width of the refined pictures: `firstSize` times a power of two.
   * @default 2 * firstSize
   */
  size?: number;
  /** @default 3 */
  channels?: number;
  /**
   * Channels of the maps at the first stage's size; twice and four times as many at half and a quarter of it.
   * @default 32
   */
  width?: number;
  /**
   * Residual blocks at a quarter of the first stage's size.
   * @default 2
   */
  blocks?: number;
  /** @default 0 */
  seed?: number | string;
}

const optionNames: Record<keyof RefiningGeneratorOptions, true> = {
  conditionDimension: true,
  firstSize: true,
  size: true,
  channels: true,
  width: true,
  blocks: true,
  seed: true,
};

/**
 * The second generator of StackGAN: it looks at the small picture of a first stage and at the condition again, and draws a larger one, with
 * what the first left out. Convolutions to a quarter of the size -> joined with the condition at each place -> residual blocks -> for each
 * doubling nearest neighbours and a convolution 3x3 -> tanh. There is no noise: the first picture has it.
 *
 * Inputs: pictures [batch, firstSize, firstSize, channels] in [-1, 1] and condition [batch, conditionDimension]. Output: pictures [batch,
 * size, size, channels] in [-1, 1].
 *
 * @throws CrossmodalError for a first size that is not divisible by 4, and a size that is not that times a power of two
 * @see Zhang et al., StackGAN: text to photo-realistic image synthesis with stacked generative adversarial networks (2017), section 3.4
 * @example
 * const second = conditionalGan({ firstStage: first.generator, size: 64, conditionDimension: 64, seed: 1 });
 */
export function refiningGenerator(options: RefiningGeneratorOptions): tfl.LayersModel {
  assertKnownOptions('refiningGenerator', options, optionNames);
  const {
    conditionDimension,
    firstSize,
    size = 2 * firstSize,
    channels = 3,
    width = 32,
    blocks = 2, // the paper: 2 for pictures of 128 pixels, 4 for 256
    seed = 0,
  } = options;
  requireInteger('refiningGenerator: conditionDimension', conditionDimension);
  requireInteger('refiningGenerator: blocks', blocks);
  const doublings = Math.log2(size / firstSize);
  if (!Number.isInteger(firstSize / 4) || firstSize < 4 || !Number.isInteger(doublings) || doublings < 0) {
    throw new CrossmodalError(
      `refiningGenerator: firstSize must be divisible by 4 and size that times a power of two, got ${firstSize} and ${size}`,
    );
  }
  const seeds = new LayerSeeds(seed, 'refining-generator');
  const picture = tfl.input({ shape: [firstSize, firstSize, channels], name: 'picture' });
  const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
  // A bias in front of a batch normalisation is cancelled by it.
  const convolution = (x: SymbolicTensor, name: string, filters: number, { kernelSize = 3, strides = 1 } = {}) => {
    const kernelInitializer = seeds.normal(name);
    const settings = {
      filters,
      kernelSize,
      strides,
      padding: 'same',
      useBias: false,
      kernelInitializer,
      name,
    } as const;
    return batchNormalization({ name: `${name}_norm` }).apply(
      tfl.layers.conv2d(settings).apply(x) as SymbolicTensor,
    ) as SymbolicTensor;
  };
  const relu = (x: SymbolicTensor, name: string) =>
    tfl.layers.reLU({ name: `${name}_relu` }).apply(x) as SymbolicTensor;

  let x = tfl.layers
    .conv2d({
      filters: width,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: seeds.normal('look'),
      name: 'look',
    })
    .apply(picture) as SymbolicTensor;
  x = relu(convolution(x, 'down_2', 2 * width, { kernelSize: 4, strides: 2 }), 'down_2');
  x = relu(convolution(x, 'down_4', 4 * width, { kernelSize: 4, strides: 2 }), 'down_4');
  const places = (firstSize / 4) ** 2;
  const everywhere = tfl.layers
    .reshape({ targetShape: [firstSize / 4, firstSize / 4, conditionDimension], name: 'condition_map' })
    .apply(tfl.layers.repeatVector({ n: places, name: 'condition_places' }).apply(condition));
  x = tfl.layers.concatenate({ name: 'joined' }).apply([x, everywhere as SymbolicTensor]) as SymbolicTensor;
  x = relu(convolution(x, 'fused', 4 * width), 'fused');
  for (let block = 1; block <= blocks; block++) {
    const name = `block_${block}`;
    const inner = relu(convolution(x, `${name}_first`, 4 * width), `${name}_first`);
    const sum = tfl.layers.add({ name: `${name}_sum` }).apply([x, convolution(inner, `${name}_second`, 4 * width)]);
    x = relu(sum as SymbolicTensor, name);
  }
  for (let doubling = 1; doubling <= doublings + 2; doubling++) {
    const name = `up_${(firstSize / 4) * 2 ** doubling}`;
    const larger = tfl.layers.upSampling2d({ size: [2, 2], name: `${name}_nearest` }).apply(x) as SymbolicTensor;
    x = relu(convolution(larger, name, Math.max(8, (4 * width) / 2 ** doubling)), name);
  }
  const kernelInitializer = seeds.normal('image');
  const image = tfl.layers
    .conv2d({ filters: channels, kernelSize: 3, padding: 'same', activation: 'tanh', kernelInitializer, name: 'image' })
    .apply(x) as SymbolicTensor;
  return tfl.model({ inputs: [picture, condition], outputs: image, name: 'refining_generator' });
}
