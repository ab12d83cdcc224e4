import { assertKnownOptions } from '@crossmodal/core';
import { LayerSeeds, spectralNormalization } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Discriminator } from './discriminator.js';

/**
 * A dense discriminator for vectors: hidden layers with leaky ReLU, a score, and with a condition the projection term
 * (V c).h of the last hidden layer h.
 *
 * Body: samples [batch, inputDimension] -> [batch, hidden]. Head: -> logits [batch, 1].
 *
 * @see Goodfellow et al., Generative adversarial nets (2014); Miyato and Koyama, cGANs with projection discriminator
 *   (2018), eq. 3; Miyato et al., Spectral normalization (2018)
 * @example
 * const discriminator = denseDiscriminator({ inputDimension: 784, seed: 1 });
 */
export function denseDiscriminator({
  inputDimension,
  conditionDimension = 0,
  hidden = [128, 64],
  spectral = true, // Miyato et al.
  seed = 0,
  ...others
}: {
  inputDimension: number;
  /** @default 0 */
  conditionDimension?: number;
  /** @default [128, 64] */
  hidden?: readonly number[];
  /** @default true */
  spectral?: boolean;
  /** @default 0 */
  seed?: number | string;
}): Discriminator {
  assertKnownOptions('denseDiscriminator', others, [
    'inputDimension',
    'conditionDimension',
    'hidden',
    'spectral',
    'seed',
  ]);
  const seeds = new LayerSeeds(seed, 'dense-discriminator');
  const dense = (x: SymbolicTensor, units: number, name: string) => {
    const layer = tfl.layers.dense({ units, kernelInitializer: seeds.glorot(name), name });
    const bounded = spectral
      ? spectralNormalization({ layer, name: `${name}_spectral`, seed: seeds.integer(`${name}_spectral`) })
      : layer;
    return bounded.apply(x) as SymbolicTensor;
  };
  const samples = tfl.input({ shape: [inputDimension], name: 'samples' });
  let x: SymbolicTensor = samples;
  hidden.forEach((units, i) => {
    const name = `hidden_${i + 1}`;
    x = tfl.layers.leakyReLU({ alpha: 0.2, name: `${name}_leaky` }).apply(dense(x, units, name)) as SymbolicTensor;
  });
  const body = tfl.model({ inputs: samples, outputs: x, name: 'dense_discriminator_body' });
  const units = hidden.at(-1) ?? inputDimension;
  const features = tfl.input({ shape: [units], name: 'features' });
  const score = dense(features, 1, 'score');
  if (conditionDimension === 0) {
    return { body, head: tfl.model({ inputs: features, outputs: score, name: 'dense_discriminator_head' }) };
  }
  const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
  const match = tfl.layers
    .dot({ axes: 1, name: 'match' })
    .apply([dense(condition, units, 'condition_projection'), features]) as SymbolicTensor;
  const sum = tfl.layers.add({ name: 'sum' }).apply([score, match]) as SymbolicTensor;
  return { body, head: tfl.model({ inputs: [features, condition], outputs: sum, name: 'dense_discriminator_head' }) };
}
