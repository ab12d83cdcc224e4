import { assertKnownOptions } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

/**
 * A map between embedding spaces: hidden layers with leaky ReLU, then a linear layer; without hidden layers it is linear.
 *
 * [batch, inputDimension] -> [batch, outputDimension].
 *
 * @example
 * const map = embeddingMap({ inputDimension: 64, outputDimension: 128, hidden: [256], seed: 1 });
 */
export function embeddingMap({
  inputDimension,
  outputDimension,
  hidden = [256],
  seed = 0,
  ...others
}: {
  inputDimension: number;
  outputDimension: number;
  /** @default [256] */
  hidden?: readonly number[];
  /** @default 0 */
  seed?: number | string;
}): tfl.LayersModel {
  assertKnownOptions('embeddingMap', others, ['inputDimension', 'outputDimension', 'hidden', 'seed']);
  const seeds = new LayerSeeds(seed, 'embedding-map');
  const embedding = tfl.input({ shape: [inputDimension], name: 'embedding' });
  let x: SymbolicTensor = embedding;
  hidden.forEach((units, i) => {
    const name = `hidden_${i + 1}`;
    x = tfl.layers.dense({ units, kernelInitializer: seeds.he(name), name }).apply(x) as SymbolicTensor;
    x = tfl.layers.leakyReLU({ alpha: 0.2, name: `${name}_leaky` }).apply(x) as SymbolicTensor;
  });
  x = tfl.layers
    .dense({ units: outputDimension, kernelInitializer: seeds.glorot('output'), name: 'output' })
    .apply(x) as SymbolicTensor;
  return tfl.model({ inputs: embedding, outputs: x, name: 'embedding_map' });
}
