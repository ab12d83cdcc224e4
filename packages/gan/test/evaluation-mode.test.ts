import { Random } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { conditionalGan, type Discriminator, denseDiscriminator, denseGenerator, gan } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A network with batch statistics and dropout behind its output: in training no two passes are alike. */
function noisy(network: tfl.LayersModel, seed: number): tfl.LayersModel {
  const normal = tfl.layers.batchNormalization({ momentum: 0.5, name: `normal_${seed}` });
  const output = dropoutLayer({ rate: 0.5, seed }).apply(normal.apply(network.outputs[0]!)) as tfl.SymbolicTensor;
  return tfl.model({ inputs: network.inputs, outputs: output });
}

const generator = (conditionDimension: number) =>
  noisy(denseGenerator({ ...{ outputDimension: 6, latentDimension: 3, conditionDimension }, activation: 'linear' }), 1);
function discriminator(conditionDimension: number): Discriminator {
  const { body, head } = denseDiscriminator({
    ...{ inputDimension: 6, conditionDimension, hidden: [8] },
    spectral: false,
  });
  return { body: noisy(body, 2), head };
}

const noise = () =>
  tf.tensor2d([
    [1, -1, 0.5],
    [0.2, 2, -1],
  ]);
const condition = () =>
  tf.tensor2d([
    [1, 2],
    [-1, 0.5],
  ]);
const samples = () => tf.tensor2d([[1, -2, 3, 0.5, -1, 2]]);
const plain = () => gan({ generator: generator(0), discriminator: discriminator(0), range: [0, 1] });
const conditional = () =>
  conditionalGan({
    conditionDimension: 2,
    latentDimension: 3,
    generator: generator(2),
    discriminator: discriminator(2),
  });

async function inBatches(batches: AsyncGenerator<Tensor>): Promise<number[]> {
  const values: number[] = [];
  for await (const batch of batches) values.push(...batch.dataSync());
  return values;
}

/** Twice the same numbers, and no variable has moved. */
async function expectStill(
  model: ReturnType<typeof plain | typeof conditional>,
  use: () => Tensor | Promise<number[]>,
) {
  const variables = () => Object.values(model.namedVariables()).map((variable) => [...variable.dataSync()]);
  const values = async () => {
    const result = await use();
    return Array.isArray(result) ? result : [...result.dataSync()];
  };
  const before = variables();
  const first = await values();
  for (let i = 0; i < 3; i++) expect(await values()).toEqual(first);
  expect(variables()).toEqual(before);
}

describe('what is no training has neither dropout nor moving statistics', () => {
  it('gan', async () => {
    const model = plain();
    await expectStill(model, () => model.generate(2, { noise: noise() }));
    await expectStill(model, () => model.generate(2, { random: new Random(1) }));
    await expectStill(model, () => inBatches(model.generateInBatches(2, { noise: noise(), batchSize: 1 })));
    await expectStill(model, () => model.score(samples()));
  });

  it('conditionalGan', async () => {
    const model = conditional();
    await expectStill(model, () => model.generate(condition(), { noise: noise() }));
    await expectStill(model, () => inBatches(model.generateInBatches(condition(), { noise: noise(), batchSize: 1 })));
    await expectStill(model, () => model.score(samples(), tf.tensor2d([[1, 2]])));
  });
});
