import { Random } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { gaussian, multimodalVae, vae } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A network with batch statistics and dropout on its last layer: in training no two passes are alike. */
function noisyNetwork(inputs: number, outputs: number, seed: number): tfl.LayersModel {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed });
  const input = tfl.input({ shape: [inputs] });
  const dense = tfl.layers.dense({ units: outputs, kernelInitializer }).apply(input);
  const normal = tfl.layers.batchNormalization({ momentum: 0.5 }).apply(dense);
  return tfl.model({ inputs: input, outputs: dropoutLayer({ rate: 0.5, seed }).apply(normal) as tfl.SymbolicTensor });
}

const likelihood = gaussian({ standardDeviation: 0.5 });
const x = () => tf.tensor2d([[1, -2, 3, 0.5]]);
const random = () => new Random(7);
const single = () => vae({ encoder: noisyNetwork(4, 6, 1), decoder: noisyNetwork(3, 4, 2), likelihood, seed: 1 });
const several = () =>
  multimodalVae({
    modalities: {
      point: { encoder: noisyNetwork(4, 6, 1), decoder: noisyNetwork(3, 4, 2), likelihood },
      sound: { encoder: noisyNetwork(4, 6, 3), decoder: noisyNetwork(3, 4, 4), likelihood },
    },
    seed: 1,
  });

type Use<Model> = Readonly<Record<string, (model: Model) => unknown>>;
const ofOne: Use<ReturnType<typeof single>> = {
  posterior: (model) => model.posterior(x()),
  decode: (model) => model.decode(tf.ones<tf.Rank.R2>([1, 3])),
  reconstruct: (model) => model.reconstruct(x()),
  sample: (model) => model.sample(2, { random: random() }),
  interpolate: (model) => model.interpolate(x(), tf.neg(x()) as Tensor2D, { steps: 3 }),
  traverse: (model) => model.traverse(x(), { dimension: 1 }),
  logWeights: (model) => model.logWeights(x(), { samples: 2, random: random() }),
  elbo: (model) => model.elbo(x(), { random: random() }),
  logLikelihood: (model) => model.logLikelihood(x(), { random: random(), samples: 3 }),
};
const ofSeveral: Use<ReturnType<typeof several>> = {
  posterior: (model) => model.posterior({ point: x() }).components,
  generate: (model) => model.generate({ point: x() }, { to: 'sound' }),
  sample: (model) => model.sample(2, { random: random() }),
  elbo: (model) => model.elbo({ point: x(), sound: x() }, { random: random() }),
  logLikelihood: (model) => model.logLikelihood({ point: x(), sound: x() }, { random: random(), samples: 3 }),
};

/** The numbers of a result, tensors read. */
const numbers = async (result: unknown) =>
  JSON.stringify(await result, (_, value: unknown) =>
    value instanceof tf.Tensor ? [...(value as Tensor).dataSync()] : value,
  );

/** Twice the same numbers, and no variable has moved. */
async function expectStill<Model extends { namedVariables(): Record<string, tf.Variable> }>(
  make: () => Model,
  use: (model: Model) => unknown,
): Promise<void> {
  const model = make();
  const variables = () => Object.values(model.namedVariables()).map((variable) => [...variable.dataSync()]);
  const before = variables();
  const first = await numbers(use(model));
  for (let i = 0; i < 3; i++) expect(await numbers(use(model))).toBe(first);
  expect(variables()).toEqual(before);
}

describe('what is no training has neither dropout nor moving statistics', () => {
  it.each(Object.keys(ofOne))('vae.%s', (name) => expectStill(single, ofOne[name]!));
  it.each(Object.keys(ofSeveral))('multimodalVae.%s', (name) => expectStill(several, ofSeveral[name]!));
});
