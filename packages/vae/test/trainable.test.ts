import type { Trainable } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import { sgd } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  denseDecoder,
  type Fusion,
  gaussian,
  jmvae,
  type MultimodalBatch,
  type MultimodalVae,
  mixtureOfExperts,
  mixtureOfProducts,
  multimodalVae,
  productOfExperts,
  type Vae,
  type VaeBatch,
  vae,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A network whose training differs from its evaluation: batch statistics that move, and dropout. */
function statefulNetwork(inputs: number, seed: number): tfl.LayersModel {
  const initializer = tfl.initializers.glorotUniform({ seed });
  const input = tfl.input({ shape: [inputs] });
  const dense = tfl.layers.dense({ units: 8, kernelInitializer: initializer }).apply(input);
  const normal = tfl.layers.batchNormalization({ momentum: 0.5 }).apply(dense);
  return tfl.model({ inputs: input, outputs: dropoutLayer({ rate: 0.4, seed }).apply(normal) as tfl.SymbolicTensor });
}

const decoder = (outputDimension: number) =>
  denseDecoder({ latentDimension: 3, outputDimension, hidden: [8], seed: 1 });
const likelihood = gaussian({ standardDeviation: 0.5 });
const number = (x: Tensor) => x.dataSync()[0] as number;
const matrix = (rows: number, columns: number, seed: number) =>
  tf.randomNormal([rows, columns], 0, 1, 'float32', seed) as Tensor2D;
const statistics = (model: Vae | MultimodalVae<Name>) =>
  Object.entries(model.namedVariables())
    .filter(([name]) => name.includes('moving'))
    .flatMap(([, variable]) => [...variable.dataSync()]);

type Name = 'point' | 'sound';
const single = () => vae({ encoder: statefulNetwork(4, 1), decoder: decoder(4), likelihood, seed: 1 });
const several = (fusion: Fusion) =>
  multimodalVae({
    modalities: {
      point: { encoder: statefulNetwork(2, 1), decoder: decoder(2), likelihood },
      sound: { encoder: statefulNetwork(4, 2), decoder: decoder(4), likelihood },
    },
    fusion,
    seed: 1,
  });

describe('the training option', () => {
  it('of a VAE is false unless it is set', () => {
    const x = matrix(6, 4, 1);
    const loss = (options?: { training?: boolean }) => number(single().loss({ x }, options).loss);
    expect(loss()).toBe(loss({ training: false }));
    expect(loss({ training: true })).not.toBe(loss());
    const model = single();
    const before = statistics(model);
    tf.dispose(model.loss({ x }));
    expect(statistics(model)).toEqual(before);
    const step = trainStep(model, { optimizer: sgd({ learningRate: 0 }) });
    tf.dispose(step.run({ x }));
    expect(statistics(model)).not.toEqual(before);
    step.dispose();
  });

  it('of a multimodal VAE is false unless it is set', () => {
    const batch = { point: matrix(6, 2, 1), sound: matrix(6, 4, 2) };
    const loss = (options?: { training?: boolean }) => number(several(productOfExperts()).loss(batch, options).loss);
    expect(loss()).toBe(loss({ training: false }));
    expect(loss({ training: true })).not.toBe(loss());
    const model = several(productOfExperts());
    const before = statistics(model);
    tf.dispose(model.loss(batch));
    expect(statistics(model)).toEqual(before);
  });

  it('says its type to the step', () => {
    expectTypeOf<Vae>().toExtend<Trainable<VaeBatch>>();
    const optimizer = () => sgd({ learningRate: 0 });
    const step = () => trainStep(single(), { optimizer: optimizer() });
    expectTypeOf(step).returns.toHaveProperty('run').parameter(0).toEqualTypeOf<VaeBatch>();
    const of = () => trainStep(several(jmvae()), { optimizer: optimizer() });
    expectTypeOf(of).returns.toHaveProperty('run').parameter(0).toEqualTypeOf<MultimodalBatch<Name>>();
  });
});

describe.each<Fusion>([productOfExperts(), mixtureOfExperts(), mixtureOfProducts()])(
  'missing rows, fusion $name',
  (fusion) => {
    const filled = (value: number): MultimodalBatch<Name> => {
      const present = { sound: tf.tensor1d([1, 0, 1, 0, 1, 1]) as Tensor1D };
      const sound = matrix(6, 4, 2);
      const there = tf.broadcastTo(tf.expandDims(tf.greater(present.sound, 0), 1), sound.shape);
      return { point: matrix(6, 2, 1), sound: tf.where(there, sound, tf.fill(sound.shape, value)), present };
    };

    it.each([0, 1, 5, Number.NaN, Number.NEGATIVE_INFINITY])('filled with %d change nothing', (value) => {
      const outcome = (batch: MultimodalBatch<Name>, training: boolean) => {
        const model = several(fusion);
        const variables = model.trainableVariables();
        const { value: loss, grads } = tf.variableGrads(() => model.loss(batch, { training }).loss, variables);
        return [number(loss), ...variables.flatMap(({ name }) => [...grads[name]!.dataSync()]), ...statistics(model)];
      };
      for (const training of [false, true]) {
        const clean = outcome(filled(-2), training);
        expect(clean.every(Number.isFinite)).toBe(true);
        expect(outcome(filled(value), training)).toEqual(clean);
      }
    });
  },
);

it('options and names that do not exist are refused', () => {
  const network = statefulNetwork(4, 1);
  expect(() => vae({ encoder: network, decoder: decoder(4), likelyhood: likelihood } as never)).toThrow(
    /vae: there is no option 'likelyhood'.*did you mean 'likelihood'\?/,
  );
  const modality = { encoder: network, decoder: decoder(4), likelihood };
  expect(() => multimodalVae({ modalities: { a: modality, present: modality } })).toThrow(
    "a modality must not be called 'present'",
  );
  expect(() => several(productOfExperts()).loss({ point: matrix(3, 2, 1), present: { point: tf.ones([2]) } })).toThrow(
    'present.point must have shape [3], got [2]',
  );
});
