import { assertKnownOptions } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { doublings } from './image-generator.js';

export interface DeepFusionGeneratorOptions {
  /** Length of the condition vector. */
  conditionDimension: number;
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
   * Channels of the last hidden map; each map before it has twice as many, up to eight times.
   * @default 32
   */
  width?: number;
  /**
   * Units of the layer between condition and scales.
   * @default 256
   */
  hidden?: number;
  /** @default 0 */
  seed?: number | string;
}

const optionNames: Record<keyof DeepFusionGeneratorOptions, true> = {
  conditionDimension: true,
  size: true,
  channels: true,
  latentDimension: true,
  width: true,
  hidden: true,
  seed: true,
};

/**
 * The one-stage generator of DF-GAN: the condition does not only enter at the bottom, it scales and shifts the maps at each size.
 * Noise -> dense to 4x4 -> for each doubling x = shortcut(x) + residual(x), where the residual is twice: scale and shift, leaky ReLU, scale
 * and shift, leaky ReLU, convolution 3x3; -> leaky ReLU, convolution 3x3, tanh. No batch normalisation.
 *
 * Scale and shift of a map are functions of noise and condition together, each by a hidden layer; they begin as one and zero, and a
 * residual begins as zero.
 *
 * Inputs: noise [batch, latentDimension] and condition [batch, conditionDimension]. Output: images [batch, size, size, channels] in [-1, 1].
 *
 * @throws CrossmodalError for a size that is not 4 times a power of two
 * @see Tao et al., DF-GAN: a simple and effective baseline for text-to-image synthesis (2022), section 3.4
 * @example
 * const generator = deepFusionGenerator({ size: 32, conditionDimension: 64, latentDimension: 32, seed: 1 });
 * const gan = conditionalGan({ generator, conditionDimension: 64, latentDimension: 32, range: [0, 1] });
 */
export function deepFusionGenerator(options: DeepFusionGeneratorOptions): tfl.LayersModel {
  assertKnownOptions('deepFusionGenerator', options, optionNames);
  const {
    conditionDimension,
    size = 32,
    channels = 3,
    latentDimension = 100, // the paper's code
    width = 32, // the paper's code, for pictures of 256x256
    hidden = 256, // the paper's code
    seed = 0,
  } = options;
  const steps = doublings('deepFusionGenerator', size);
  const seeds = new LayerSeeds(seed, 'deep-fusion-generator');
  const noise = tfl.input({ shape: [latentDimension], name: 'noise' });
  const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
  const asked = tfl.layers.concatenate({ name: 'joined' }).apply([noise, condition]) as SymbolicTensor;

  const factor = (maps: number, name: string, first: 'ones' | 'zeros') => {
    const inner = tfl.layers
      .dense({
        units: hidden,
        activation: 'relu',
        kernelInitializer: seeds.he(`${name}_hidden`),
        name: `${name}_hidden`,
      })
      .apply(asked);
    const outer = tfl.layers
      .dense({ units: maps, kernelInitializer: 'zeros', biasInitializer: first, name })
      .apply(inner) as SymbolicTensor;
    return tfl.layers.reshape({ targetShape: [1, 1, maps], name: `${name}_1x1` }).apply(outer) as SymbolicTensor;
  };
  const leaky = (x: SymbolicTensor, name: string) =>
    tfl.layers.leakyReLU({ alpha: 0.2, name: `${name}_leaky` }).apply(x) as SymbolicTensor;
  const fused = (x: SymbolicTensor, name: string) => {
    const maps = x.shape[3] as number;
    let y = x;
    for (const place of ['a', 'b']) {
      const own = `${name}_${place}`;
      y = tfl.layers
        .multiply({ name: `${own}_scaled` })
        .apply([y, factor(maps, `${own}_scale`, 'ones')]) as SymbolicTensor;
      y = tfl.layers
        .add({ name: `${own}_shifted` })
        .apply([y, factor(maps, `${own}_shift`, 'zeros')]) as SymbolicTensor;
      y = leaky(y, own);
    }
    return y;
  };
  const convolution = (x: SymbolicTensor, filters: number, name: string, { kernelSize = 3, zero = false } = {}) =>
    tfl.layers
      .conv2d({
        ...{ filters, kernelSize, padding: 'same', name },
        kernelInitializer: zero ? 'zeros' : seeds.he(name),
      })
      .apply(x) as SymbolicTensor;

  const filtersAt = (step: number) => width * 2 ** Math.min(steps - step, 3); // the paper's code: at most eight times
  let filters = filtersAt(0);
  let x = tfl.layers
    .dense({ units: 16 * filters, kernelInitializer: seeds.glorot('seed_map'), name: 'seed_map' })
    .apply(noise) as SymbolicTensor;
  x = tfl.layers.reshape({ targetShape: [4, 4, filters], name: 'seed_map_4x4' }).apply(x) as SymbolicTensor;
  for (let step = 1; step <= steps; step++) {
    const name = `up_${4 * 2 ** step}`;
    x = tfl.layers.upSampling2d({ size: [2, 2], name }).apply(x) as SymbolicTensor;
    const next = filtersAt(step);
    let residual = convolution(fused(x, `${name}_first`), next, `${name}_first`);
    residual = convolution(fused(residual, `${name}_second`), next, `${name}_second`, { zero: true });
    const shortcut = next === filters ? x : convolution(x, next, `${name}_shortcut`, { kernelSize: 1 });
    x = tfl.layers.add({ name: `${name}_sum` }).apply([shortcut, residual]) as SymbolicTensor;
    filters = next;
  }
  const image = tfl.layers
    .conv2d({
      ...{ filters: channels, kernelSize: 3, padding: 'same', activation: 'tanh' as const, name: 'image' },
      kernelInitializer: seeds.glorot('image'),
    })
    .apply(leaky(x, 'image')) as SymbolicTensor;
  return tfl.model({ inputs: [noise, condition], outputs: image, name: 'deep_fusion_generator' });
}
