import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

/**
 * A dense generator for vectors: (noise, condition) -> hidden layers with ReLU -> output.
 *
 * Inputs: noise [batch, latentDimension] and, when `conditionDimension` > 0, condition [batch, conditionDimension].
 * Output: [batch, outputDimension].
 *
 * @see Goodfellow et al., Generative adversarial nets (2014)
 * @example
 * const generator = denseGenerator({ outputDimension: 784, seed: 1 });
 */
export function denseGenerator({
  outputDimension,
  latentDimension = 100,
  conditionDimension = 0,
  hidden = [128, 64],
  activation = 'sigmoid',
  seed = 0,
  ...others
}: {
  outputDimension: number;
  /** @default 100 */
  latentDimension?: number;
  /** @default 0 */
  conditionDimension?: number;
  /** @default [128, 64] */
  hidden?: readonly number[];
  /**
   * Of the output: `sigmoid` for values in [0, 1], `tanh` for [-1, 1], `linear` for embeddings.
   * @default 'sigmoid'
   */
  activation?: 'sigmoid' | 'tanh' | 'linear';
  /** @default 0 */
  seed?: number | string;
}): tfl.LayersModel {
  assertKnownOptions('denseGenerator', others, [
    'outputDimension',
    'latentDimension',
    'conditionDimension',
    'hidden',
    'activation',
    'seed',
  ]);
  requireOneOf('denseGenerator: activation', activation, ['linear', 'sigmoid', 'tanh']);
  const seeds = new LayerSeeds(seed, 'dense-generator');
  const noise = tfl.input({ shape: [latentDimension], name: 'noise' });
  const inputs = [noise];
  let x: SymbolicTensor = noise;
  if (conditionDimension > 0) {
    const condition = tfl.input({ shape: [conditionDimension], name: 'condition' });
    inputs.push(condition);
    x = tfl.layers.concatenate({ name: 'joined' }).apply([noise, condition]) as SymbolicTensor;
  }
  hidden.forEach((units, i) => {
    const name = `hidden_${i + 1}`;
    x = tfl.layers
      .dense({ units, activation: 'relu', kernelInitializer: seeds.he(name), name })
      .apply(x) as SymbolicTensor;
  });
  x = tfl.layers
    .dense({ units: outputDimension, activation, kernelInitializer: seeds.glorot('output'), name: 'output' })
    .apply(x) as SymbolicTensor;
  return tfl.model({ inputs, outputs: x, name: 'dense_generator' });
}
