import { defineEncoder } from '@crossmodal/core';
import { sgd } from '@crossmodal/core/optimisers';
import { dannAnnealing, type Schedule } from '@crossmodal/core/schedules';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { type DannOptions, type DomainBatch, dann, digitFeatures, sourceOnly } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { denseFeatures, seededMatrix } from './synthetic.js';

useTestBackend();

const batchOf = (seed: number): DomainBatch => ({
  source: seededMatrix(6, 5, seed),
  target: seededMatrix(4, 5, seed + 1),
  labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
});
const options = () => ({ features: denseFeatures(5, 7, 1), classes: 3, seed: 1 });

describe('dann', () => {
  it('reverses the gradient of the domain loss on the extractor only, lambda times', () => {
    const batch = batchOf(1);
    const gradient = (lambda: number | Schedule) => {
      const model = dann({ ...options(), lambda, confusion: 0 });
      const { grads } = tf.variableGrads(() => model.loss(batch, { training: true }).loss, model.trainableVariables());
      const named = model.namedVariables();
      const of = (name: string) => grads[named[name]?.name as string] as tf.Tensor;
      return { features: of('features/dense/kernel'), label: of('label/0/kernel'), domain: of('domain/0/kernel') };
    };
    const [zero, one, three] = [gradient(0), gradient(1), gradient(3)];
    const domainPart = tf.sub(zero.features, one.features);
    expect(tf.max(tf.abs(domainPart)).dataSync()[0]).toBeGreaterThan(1e-3);
    expect(three.features).toBeAllclose(tf.sub(zero.features, tf.mul(domainPart, 3)), { atol: 1e-5 });
    expect(three.label).toBeAllclose(zero.label);
    expect(three.domain).toBeAllclose(zero.domain);
  });

  it('follows the schedule of lambda from step to step', () => {
    const { output, entry } = goldenCase('adaptation', 'schedules');
    const schedule = dannAnnealing({ steps: 10 });
    const p = (entry.inputs['p'] as { value: number[] }).value;
    expect(p.map((_, i) => schedule(i))).toBeAllclose(output('lambda') as number[], { rtol: 1e-6, atol: 1e-9 });
    const rate = dannAnnealing({ steps: 10, from: 0.01 });
    expect(p.map((_, i) => rate(i))).toBeAllclose(output('lr') as number[], { rtol: 1e-6, atol: 1e-9 });

    // With a rate of zero only lambda changes, and with it the gradient; momentum sums the gradients of all steps.
    const batch = batchOf(1);
    const run = (lambda: number | Schedule, steps: number) => {
      const model = dann({ ...options(), lambda, confusion: 0 });
      const optimizer = sgd({ learningRate: 0, momentum: 1 });
      const step = trainStep<DomainBatch>(model, { optimizer });
      for (let i = 0; i < steps; i++) step.run(batch);
      return optimizer.namedState()['features/dense/kernel/velocity'] as tf.Tensor;
    };
    const constant = (lambda: number) => run(lambda, 1);
    const slope = tf.sub(constant(1), constant(0));
    const expected = tf.add(tf.mul(constant(0), 3), tf.mul(slope, schedule(0) + schedule(1) + schedule(2)));
    expect(run(schedule, 3)).toBeAllclose(expected, { atol: 1e-5 });
  });

  it('is by default the recipe of the README: annealed, with confusion as strong as the reversal', () => {
    const batch = batchOf(2);
    const after = (own: Partial<DannOptions>, steps: number) => {
      const model = dann({ ...options(), ...own });
      const step = trainStep<DomainBatch>(model, { optimizer: sgd({ learningRate: 0.1 }) });
      for (let i = 0; i < steps; i++) tf.dispose(step.run(batch));
      step.dispose();
      return model.namedVariables()['features/dense/kernel'] as tf.Variable;
    };
    const rise = dannAnnealing({ steps: 2000 });
    expect(after({}, 8)).toBeAllclose(after({ lambda: rise, confusion: rise }, 8), { rtol: 0, atol: 0 });
    expect(after({ lambda: 0.5 }, 2)).toBeAllclose(after({ lambda: 0.5, confusion: 0.5 }, 2), { rtol: 0, atol: 0 });
    expect(after({ lambda: 0.5, confusion: 0 }, 2)).not.toBeAllclose(after({ lambda: 0.5 }, 2), { atol: 1e-5 });
    expect(dann({ ...options(), lambda: 0 }).loss(batch)).not.toHaveProperty('confusion');
  });

  it('takes an Encoder as extractor, with inputs of different length unless joint', () => {
    const input = tfl.input({ shape: [null, 4] });
    const pooled = tfl.layers.globalAveragePooling1d({}).apply(input) as tfl.SymbolicTensor;
    const features = defineEncoder<number[][]>({
      modality: 'audio',
      model: tfl.model({ inputs: input, outputs: tfl.layers.dense({ units: 6 }).apply(pooled) as tfl.SymbolicTensor }),
      inputs: ['frames'],
      prepare: async (items) => ({ frames: tf.tensor3d([...items]) }),
    });
    const batch = {
      source: { frames: tf.reshape(seededMatrix(6, 12, 1), [6, 3, 4]) },
      target: { frames: tf.reshape(seededMatrix(4, 20, 2), [4, 5, 4]) },
      labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
    };
    const settings = { features, classes: 3, seed: 1, lambda: 1 };
    expect(() => dann({ ...settings, joint: true }).loss(batch)).toThrow(
      'got [6,3,4] and [4,5,4]; pad them to one shape, or set joint: false',
    );
    const { loss, domain, confusion, classification } = dann(settings).loss(batch);
    expect(loss).toBeAllclose(tf.addN([domain as Scalar, confusion as Scalar, classification]));
  });

  it('gives the same joint and apart, and the accuracy of the domain classifier', () => {
    const batch = batchOf(3);
    const [joint, apart] = [true, false].map((together) =>
      dann({ ...options(), lambda: 1, joint: together }).loss(batch),
    );
    for (const term of ['loss', 'classification', 'domain', 'domainAccuracy']) {
      expect(joint?.[term] as Scalar).toBeAllclose(apart?.[term] as Scalar, { rtol: 1e-5 });
    }
    // Ten rows: a whole number of tenths.
    const rights = (joint?.['domainAccuracy']?.dataSync()[0] as number) * 10;
    expect(rights).toBeCloseTo(Math.round(rights), 5);
  });

  it('is the same for the same seed and another for another', () => {
    const build = (seed: number) => dann({ ...options(), seed, lambda: 1 });
    const batch = batchOf(4);
    expect(build(5).loss(batch).loss).toBeAllclose(build(5).loss(batch).loss, { rtol: 0, atol: 0 });
    expect(build(5).loss(batch).loss.dataSync()[0]).not.toBe(build(6).loss(batch).loss.dataSync()[0]);
  });

  it('refuses what does not fit', () => {
    expect(() => dann({ ...options(), classes: 1, lambda: 1 })).toThrow(
      'classes must be an integer of at least 2, got 1',
    );
    expect(() => dann({ ...options(), hidden: [0], lambda: 1 })).toThrow(
      'each layer size must be an integer of at least 1, got 0',
    );
    expect(() => dann({ ...options(), lambda: Number.NaN })).toThrow(
      'lambda must be a number of at least 0, or a schedule, got NaN',
    );
    const input = tfl.input({ shape: [4, 4, 1] });
    const unfinished = tfl.model({
      inputs: input,
      outputs: tfl.layers.conv2d({ filters: 2, kernelSize: 3 }).apply(input) as tfl.SymbolicTensor,
    });
    expect(() => dann({ ...options(), features: unfinished, lambda: 1 })).toThrow(
      'end the model in a flatten or a pooling layer',
    );
    expect(() => digitFeatures({ seed: 1, shape: [12, 28, 1] })).toThrow('at least 16x16, got 12x28');
    const model = dann({ ...options(), lambda: 1 });
    const batch = batchOf(5);
    expect(() => model.loss({ ...batch, labels: tf.zeros([5], 'int32') as Tensor1D })).toThrow(
      'labels must have shape [6], got [5]',
    );
    expect(() => model.loss({ source: batch.source, labels: batch.labels })).toThrow(
      'use sourceOnly to train without one',
    );
    const named = { ...batch, target: { a: seededMatrix(2, 5, 1), b: seededMatrix(2, 5, 1) } };
    expect(() => model.loss(named)).toThrow('a layers model takes one input tensor, got a, b');
    expect(() => dann({ ...options(), lambda: 1, joint: true }).loss(named)).toThrow('must both be tensors');
  });

  it('leaks nothing, on the throwing path neither', async () => {
    await expectNoLeak(() => dann({ ...options(), lambda: 1 }).dispose());
    await expectNoLeak(() => sourceOnly(options()).dispose());
    const features = denseFeatures(5, 7, 1);
    await expectNoLeakWhenThrowing(
      () => void dann({ features, classes: 3, seed: 1, lambda: 1, domainHidden: [-1] }),
      'dann: each layer size must be an integer of at least 1',
    );
    const model = dann({ ...options(), lambda: dannAnnealing({ steps: 5 }) });
    const batch = batchOf(6);
    const wrong = { ...batch, target: seededMatrix(4, 4, 1) };
    await expectNoLeak(() => model.loss(batch, { training: true }));
    await expectNoLeakWhenThrowing(() => model.loss(wrong), 'dann: inputs must have shape [batch,5], got [4,4]');
    const together = dann({ ...options(), lambda: 1, joint: true });
    await expectNoLeakWhenThrowing(() => together.loss(wrong), 'dann: source and target inputs must agree beyond t');
    await expectNoLeak(() => model.classify(batch.source));
  });
});
