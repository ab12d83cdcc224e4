import { adam, sgd } from '@crossmodal/core/optimisers';
import { type Metrics, trainStep } from '@crossmodal/core/train';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DomainBatch, dann, digitFeatures } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { assign } from './networks.js';

// Convolutions of this size take minutes in plain JavaScript.
useTestBackend('cpu');

interface Options {
  seed: number;
  batch_source: number;
  batch_target: number;
  lambda: number;
  optimiser: 'adam' | 'sgd';
  steps: number;
  domain_reduction: 'concatenated' | 'two_means';
  parameters: { name: string; shape: number[] }[];
  first_values: Record<string, number[]>;
}

type Tolerances = Record<'loss' | 'grad' | 'after', { rtol: number; atol?: number }>;

/** u(k, s) = fract(43758.5453 sin(12.9898 (k + 1) + 78.233 s)), the formula of the golden cases. */
function u(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, k) => {
    const v = 43758.5453 * Math.sin(12.9898 * (k + 1) + 78.233 * seed);
    return v - Math.floor(v);
  });
}

const torchNames: Record<string, string> = {
  'conv1.weight': 'features/conv2d/kernel',
  'conv1.bias': 'features/conv2d/bias',
  'conv2.weight': 'features/conv2d_1/kernel',
  'conv2.bias': 'features/conv2d_1/bias',
  'label1.weight': 'label/0/kernel',
  'label1.bias': 'label/0/bias',
  'label2.weight': 'label/1/kernel',
  'label2.bias': 'label/1/bias',
  'domain1.weight': 'domain/0/kernel',
  'domain1.bias': 'domain/0/bias',
  'domain2.weight': 'domain/1/kernel',
  'domain2.bias': 'domain/1/bias',
};

/** torch's [out, in, kh, kw] and [out, in] to ours; the 800 features are flattened channel-first there, channel-last here. */
function fromTorch(name: string, value: Tensor): Tensor {
  if (name.startsWith('conv') && value.rank === 4) return tf.transpose(value, [2, 3, 1, 0]);
  if (value.rank !== 2) return value;
  const transposed = tf.transpose(value);
  if (transposed.shape[0] !== 800) return transposed;
  const out = transposed.shape[1] as number;
  return tf.reshape(tf.transpose(tf.reshape(transposed, [50, 4, 4, out]), [1, 2, 0, 3]), [800, out]);
}

function toTorch(name: string, value: Tensor): Tensor {
  if (name.startsWith('conv') && value.rank === 4) return tf.transpose(value, [3, 2, 0, 1]);
  if (value.rank !== 2) return value;
  if (value.shape[0] !== 800) return tf.transpose(value);
  const out = value.shape[1] as number;
  return tf.transpose(tf.reshape(tf.transpose(tf.reshape(value, [4, 4, 50, out]), [2, 0, 1, 3]), [800, out]));
}

const images = (count: number, seed: number) =>
  tf.transpose(tf.tensor4d(u(count * 3 * 28 * 28, seed), [count, 3, 28, 28]), [0, 2, 3, 1]) as Tensor4D;

describe.each(['dann_sgd', 'dann_adam', 'dann_adam_two_means', 'dann_lambda0'])('%s', (name) => {
  it.each([true, false])('agrees with torch and PyKale over all steps (joint batch: %s)', (joint) => {
    const golden = goldenCase('adaptation', name);
    const options = golden.entry.options as unknown as Options;
    const tolerances = golden.entry.tolerance as Tolerances;
    const { seed, batch_source: sourceRows, batch_target: targetRows } = options;
    const model = dann({
      features: digitFeatures({ seed: 1, normalisation: 'none' }),
      classes: 10,
      seed: 1,
      lambda: options.lambda,
      confusion: 0,
      domainReduction: options.domain_reduction === 'two_means' ? 'two-means' : 'concatenated',
      joint,
    });
    const named = model.namedVariables();
    expect(Object.keys(named).sort()).toEqual(Object.values(torchNames).sort());
    options.parameters.forEach(({ name: parameter, shape }, j) => {
      const bound = shape.length > 1 ? 1 / Math.sqrt(tf.util.sizeFromShape(shape.slice(1))) : 0.05;
      const values = u(tf.util.sizeFromShape(shape), seed + j).map((v) => bound * (2 * v - 1));
      if (parameter === 'conv1.weight')
        expect(values.slice(0, 4)).toBeAllclose(options.first_values['conv1.weight[0..3]'] as number[]);
      assign(named, { [torchNames[parameter] as string]: fromTorch(parameter, tf.tensor(values, shape)) });
    });
    const batch: DomainBatch = {
      source: images(sourceRows, seed + 20),
      target: tf.clipByValue(tf.sub(1, tf.mul(images(targetRows, seed + 21), 0.8)), 0, 1),
      labels: tf.tensor1d(
        Array.from({ length: sourceRows }, (_, i) => (3 * i) % 10),
        'int32',
      ) as Tensor1D,
    };
    expect(model.classify(batch.source)).toBeAllclose(golden.output('label_logits'), { rtol: 1e-4, atol: 1e-6 });

    const { grads } = tf.variableGrads(() => model.loss(batch, { training: true }).loss, model.trainableVariables());
    const compare = (kind: 'grad' | 'after', parameter: string, value: Tensor) => {
      const inTorch = toTorch(parameter, value);
      const label = `${kind} ${parameter}`;
      expect(tf.norm(inTorch), label).toBeAllclose(golden.output(`${kind}_norm.${parameter}`), tolerances[kind]);
      const first = tf.slice(tf.reshape(inTorch, [-1]), [0], [Math.min(32, inTorch.size)]);
      expect(first, label).toBeAllclose(golden.output(`${kind}_first32.${parameter}`), tolerances[kind]);
    };
    for (const [parameter, own] of Object.entries(torchNames)) {
      compare('grad', parameter, grads[named[own]?.name as string] as Tensor);
    }

    const step = trainStep<DomainBatch>(model, {
      optimizer:
        options.optimiser === 'adam' ? adam({ learningRate: 1e-3 }) : sgd({ learningRate: 0.05, momentum: 0.9 }),
    });
    const history = Array.from({ length: options.steps }, () => step.run(batch));
    const losses = (key: string) => history.map((metrics: Metrics) => metrics[key]?.dataSync()[0] as number);
    expect(losses('classification')).toBeAllclose(golden.output('label_loss') as number[], tolerances.loss);
    expect(losses('domain')).toBeAllclose(golden.output('domain_loss') as number[], tolerances.loss);
    expect(losses('loss')).toBeAllclose(golden.output('loss') as number[], tolerances.loss);
    for (const [parameter, own] of Object.entries(torchNames)) compare('after', parameter, named[own] as Tensor);
    step.dispose();
    model.dispose();
  });
});
