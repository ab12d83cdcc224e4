import { type Contrastive, defineEncoder, type Encoder, type Trainable } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import { sgd } from '@crossmodal/core/optimisers';
import { cachedGradientStep, trainStep } from '@crossmodal/core/step';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type DualEncoder, type DualEncoderBatch, dualEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

type Pair = 'image' | 'text';

/** An encoder whose training differs from its evaluation in every way: batch statistics that move, and dropout. */
function statefulEncoder(modality: string, features: number, seed: number): Encoder<number[]> {
  const initializer = tfl.initializers.glorotUniform({ seed });
  const input = tfl.input({ shape: [features] });
  const dense = tfl.layers.dense({ units: 8, kernelInitializer: initializer }).apply(input);
  const normal = tfl.layers.batchNormalization({ momentum: 0.5 }).apply(dense);
  const output = dropoutLayer({ rate: 0.4, seed }).apply(normal) as tfl.SymbolicTensor;
  return defineEncoder<number[]>({
    modality,
    model: tfl.model({ inputs: input, outputs: output }),
    inputs: ['features'],
    prepare: async (items) => ({ features: tf.tensor2d([...items]) }),
  });
}

const build = (): DualEncoder<Pair> =>
  dualEncoder({
    encoders: { image: statefulEncoder('image', 5, 1), text: statefulEncoder('text', 4, 2) },
    dimension: 6,
    seed: 3,
  });
const batchOf = (rows = 8): DualEncoderBatch<Pair> => ({
  image: { features: seededMatrix(rows, 5, 7) },
  text: { features: seededMatrix(rows, 4, 8) },
});
const number = (x: tf.Tensor) => x.dataSync()[0] as number;
const statistics = (model: { namedVariables(): Record<string, tf.Variable> }) =>
  Object.entries(model.namedVariables())
    .filter(([name]) => name.includes('moving'))
    .flatMap(([, variable]) => [...variable.dataSync()]);

describe('the training option of a dual encoder', () => {
  it('is false unless it is set: no dropout, no statistics moved', () => {
    const model = build();
    const batch = batchOf();
    const before = statistics(model);
    const plain = number(model.loss(batch).loss);
    expect(number(model.loss(batch).loss)).toBe(plain);
    expect(number(model.loss(batch, { training: false }).loss)).toBe(plain);
    expect(number(model.loss(batch, {}).loss)).toBe(plain);
    const embedded = model.embedBatch(batch).image as Tensor2D;
    expect(embedded).toBeAllclose(model.embed('image', batch.image ?? {}), { rtol: 0, atol: 0 });
    expect(statistics(model)).toEqual(before);
    const trained = number(model.loss(batch, { training: true }).loss);
    expect(trained).not.toBe(plain);
    expect(statistics(model)).not.toEqual(before);
  });

  it('is true in a step, of both kinds', () => {
    for (const chunkSize of [undefined, 4]) {
      const model = build();
      const before = statistics(model);
      const optimizer = sgd({ learningRate: 0 });
      const step = chunkSize
        ? cachedGradientStep(model, { optimizer, chunkSize })
        : trainStep<DualEncoderBatch<Pair>>(model, { optimizer });
      tf.dispose(step.run(batchOf()));
      expect(statistics(model)).not.toEqual(before);
      step.dispose();
    }
  });

  it('says its type to the step', () => {
    expectTypeOf<DualEncoder<Pair>>().toExtend<Trainable<DualEncoderBatch<Pair>>>();
    expectTypeOf<DualEncoder<Pair>>().toExtend<Contrastive<DualEncoderBatch<Pair>>>();
    const step = () => trainStep(build(), { optimizer: sgd({ learningRate: 0 }) });
    expectTypeOf(step).returns.toHaveProperty('run').parameter(0).toEqualTypeOf<DualEncoderBatch<Pair>>();
    const cached = () => cachedGradientStep(build(), { optimizer: sgd({ learningRate: 0 }), chunkSize: 2 });
    expectTypeOf(cached).returns.toHaveProperty('run').parameter(0).toEqualTypeOf<DualEncoderBatch<Pair>>();
  });
});

describe('the rows of a missing modality', () => {
  const presence = () => ({ text: tf.tensor1d([1, 0, 1, 1, 0, 1, 1, 1]) as Tensor1D });
  const filled = (value: number): DualEncoderBatch<Pair> => {
    const batch = batchOf();
    const present = presence();
    const there = tf.expandDims(tf.greater(present.text, 0), 1);
    const features = batch.text?.['features'] as Tensor2D;
    return {
      ...batch,
      text: { features: tf.where(tf.broadcastTo(there, features.shape), features, tf.fill(features.shape, value)) },
      present,
    };
  };

  it.each([0, 1, 5, Number.NaN, Number.POSITIVE_INFINITY])(
    'filled with %d change nothing, through batch statistics neither',
    (value) => {
      const outcome = (batch: DualEncoderBatch<Pair>, training: boolean) => {
        const model = build();
        const variables = Object.values(model.namedVariables()).filter(({ trainable }) => trainable);
        const { value: loss, grads } = tf.variableGrads(() => model.loss(batch, { training }).loss, variables);
        return [number(loss), ...variables.flatMap(({ name }) => [...grads[name]!.dataSync()]), ...statistics(model)];
      };
      for (const training of [false, true]) {
        const clean = outcome(filled(-2), training);
        expect(clean.every(Number.isFinite)).toBe(true);
        expect(outcome(filled(value), training)).toEqual(clean);
      }
    },
  );

  it('change nothing in embeddings that are given, NaN neither', () => {
    const model = build();
    const embeddings = model.embedBatch(batchOf());
    const present = presence();
    const there = tf.broadcastTo(tf.expandDims(tf.greater(present.text, 0), 1), [8, 6]);
    const spoilt = { ...embeddings, text: tf.where(there, embeddings.text as Tensor2D, tf.fill([8, 6], Number.NaN)) };
    const loss = number(model.contrast(spoilt, { present }).loss);
    expect(loss).toBe(number(model.contrast(embeddings, { present }).loss));
    expect(Number.isFinite(loss)).toBe(true);
  });

  it('may be all of them', () => {
    const none = { ...batchOf(), present: { text: tf.zeros([8]) as Tensor1D } };
    const all = { ...none, text: { features: tf.fill([8, 4], Number.NaN) } };
    for (const training of [false, true]) {
      expect(Number.isFinite(number(build().loss(all, { training }).loss))).toBe(true);
    }
  });
});

describe('spread', () => {
  it('is 0 when all embeddings are equal', () => {
    const model = build();
    const batch = { ...batchOf(), image: { features: tf.ones([8, 5]) } };
    const { 'spread/image': image, 'spread/text': text } = model.loss(batch) as Record<string, Scalar>;
    expect(number(image as Scalar)).toBeCloseTo(0, 5);
    expect(number(text as Scalar)).toBeGreaterThan(0.1);
  });
});

describe('locked encoders', () => {
  it('are not trained by a step of the model, and their statistics stay', () => {
    const encoders = { image: statefulEncoder('image', 5, 1), text: statefulEncoder('text', 4, 2) };
    const model = dualEncoder({ encoders, dimension: 6, seed: 3, locked: ['image'] });
    const values = () => Object.values(encoders.image.namedVariables()).map((variable) => [...variable.dataSync()]);
    const before = values();
    const step = trainStep(model, { optimizer: sgd({ learningRate: 0.5 }) });
    tf.dispose(step.run(batchOf()));
    expect(values()).toEqual(before);
    step.dispose();
  });
});

it('options that do not exist are refused', () => {
  const encoders = { image: statefulEncoder('image', 5, 1), text: statefulEncoder('text', 4, 2) };
  expect(() => dualEncoder({ encoders, dimension: 6, seed: 3, temprature: 0.1 } as never)).toThrow(
    /dualEncoder: there is no option 'temprature'.*did you mean 'temperature'\?/,
  );
  expect(() => dualEncoder({ encoders, dimension: 6 } as never)).toThrow(
    'seed must be an integer or a string, got undefined',
  );
});
