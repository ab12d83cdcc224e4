import '@tensorflow/tfjs-backend-cpu';
import { golden, goldenIndex } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamW,
  lamb,
  lars,
  lion,
  nadam,
  type RuleOptimizer,
  radam,
  rmsProp,
  sgd,
} from '../../src/optimisers/index.js';
import { clipByValue, scaleToNorm, WeightAverage } from '../../src/train/index.js';
import { useTestBackend } from '../device/backends.js';

interface Case {
  name: string;
  options: Record<string, unknown>;
  tolerance: { rtol: number; atol: Record<string, number> };
}

const folder = new URL('../golden/optim/', import.meta.url);
const { cases } = goldenIndex<{ cases: Case[] }>(folder);
const find = (name: string) => cases.find((example) => example.name === name)!;

useTestBackend();

const optimisers: Record<string, () => RuleOptimizer> = {
  sgd: () => sgd({ learningRate: 0.1 }),
  sgd_momentum: () => sgd({ learningRate: 0.1, momentum: 0.9 }),
  sgd_nesterov_decay: () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  sgd_dampening: () => sgd({ learningRate: 0.05, momentum: 0.8, dampening: 0.3, weightDecay: 0.02 }),
  adam: () => adam({ learningRate: 0.01 }),
  adam_amsgrad: () => adam({ learningRate: 0.02, beta1: 0.8, beta2: 0.95, amsgrad: true }),
  adam_l2: () => adam({ learningRate: 0.01, weightDecay: 0.1, epsilon: 1e-6 }),
  adamw: () => adamW({ learningRate: 0.01, weightDecay: 0.1 }),
  adamw_clip_defaults: () => adamW({ learningRate: 5e-4, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.2 }),
  adamw_groups: () =>
    adamW({
      learningRate: 0.01,
      groups: [
        { match: /^w$/g, learningRateFactor: 2, weightDecay: 0.3 },
        { match: 'b', weightDecay: 0 },
      ],
    }),
  rmsprop: () => rmsProp({ learningRate: 0.01 }),
  rmsprop_centered_momentum: () =>
    rmsProp({ learningRate: 0.01, smoothing: 0.9, momentum: 0.7, centered: true, epsilon: 1e-6 }),
  rmsprop_tensorflow_style: () =>
    rmsProp({ learningRate: 0.01, smoothing: 0.9, momentum: 0.9, epsilon: 1e-3, tensorflowStyle: true }),
  adagrad: () => adagrad({ learningRate: 0.05 }),
  adagrad_decay_initial: () => adagrad({ learningRate: 0.05, rateDecay: 0.01, weightDecay: 0.02, initial: 0.1 }),
  adadelta: () => adadelta({ learningRate: 1, smoothing: 0.9 }),
  nadam: () => nadam({ learningRate: 0.01 }),
  radam: () => radam({ learningRate: 0.01 }),
  adamax: () => adamax({ learningRate: 0.01, weightDecay: 0.05 }),
  lamb: () => lamb({ learningRate: 0.02, weightDecay: 0.01 }),
  lion: () => lion({ learningRate: 0.003, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 }),
  lion_timm: () => lion({ learningRate: 0.003, beta1: 0.95, beta2: 0.98, weightDecay: 0.05 }),
  adafactor_torch: () =>
    adafactor({ learningRate: (step) => Math.min(0.02, 1 / Math.sqrt(step + 1)), weightDecay: 0.01 }),
  adafactor_transformers_relative: () =>
    adafactor({ learningRate: (step) => Math.min(1e-6 * (step + 1), 1 / Math.sqrt(step + 1)) }),
  adafactor_transformers_fixed: () => adafactor({ learningRate: 0.01, scaleByVariable: false, beta1: 0.9 }),
  lars: () => lars({ learningRate: 0.5, momentum: 0.9, weightDecay: 1e-3, trust: 0.01 }),
};

const trajectories = cases.filter(({ name }) => !/^(schedule|clip|average)_/.test(name)).map(({ name }) => name);

test('every trajectory of the golden files has its optimiser', () => {
  expect(Object.keys(optimisers).sort()).toEqual([...trajectories].sort());
});

describe('25 steps equal those of torch, timm, lion-pytorch and transformers', () => {
  test.each(trajectories)('%s', (name) => {
    const { tolerance } = find(name);
    const file = golden(new URL(`${name}.safetensors`, folder));
    const w = tf.variable(file.tensor('param.w'));
    const b = tf.variable(file.tensor('param.b'));
    const optimizer = optimisers[name]!();
    optimizer.prepare({ w, b });
    const steps = file.tensor('in.grad_w').shape[0]!;
    for (let k = 0; k < steps; k++) {
      tf.tidy(() => {
        const at = (key: string) => tf.squeeze(tf.slice(file.tensor(key), k, 1), [0]);
        let gradients = [at('in.grad_w'), at('in.grad_b')];
        // timm's LAMB clips all gradients together to a norm of one first.
        if (name === 'lamb') gradients = scaleToNorm(gradients, 1).scaled;
        optimizer.applyGradients([
          { name: w.name, tensor: gradients[0]! },
          { name: b.name, tensor: gradients[1]! },
        ]);
        for (const [key, variable] of [
          ['out.w', w],
          ['out.b', b],
        ] as const) {
          const options = { rtol: tolerance.rtol, atol: tolerance.atol[key]! };
          expect(variable, `${key} after step ${k + 1}`).toBeAllclose(at(key), options);
        }
      });
    }
    expect(optimizer.updates).toBe(steps);
    optimizer.dispose();
    tf.dispose([w, b]);
  });
});

test('LAMB without decay is Adam: the ratio is 1, as in timm', () => {
  const moved = (optimizer: RuleOptimizer) => {
    const w = tf.variable(tf.tensor1d([3, -2, 0.5]));
    optimizer.prepare({ w });
    for (const gradient of [
      [1, -0.2, 0.4],
      [0.1, 0.3, -0.5],
      [-2, 0, 1],
    ]) {
      tf.tidy(() => optimizer.applyGradients([{ name: w.name, tensor: tf.tensor1d(gradient) }]));
    }
    const values = [...w.dataSync()];
    optimizer.dispose();
    w.dispose();
    return values;
  };
  const settings = { learningRate: 0.1, epsilon: 1e-6, weightDecay: 0 };
  expect(moved(lamb(settings))).toEqual(moved(adam(settings)).map((value) => expect.closeTo(value, 5)));
});

describe('clipping equals torch', () => {
  test.each(cases.filter(({ name }) => name.startsWith('clip_')))('$name', ({ name, options, tolerance }) => {
    const file = golden(new URL(`${name}.safetensors`, folder));
    const settings = options['options'] as { max_norm?: number; norm_type?: string; clip_value?: number };
    const gradients = Object.keys(file.raw)
      .filter((key) => key.startsWith('in.'))
      .sort()
      .map((key) => file.tensor(key));
    const close = (key: string) => ({ rtol: tolerance.rtol, atol: tolerance.atol[key]! });
    let clipped = gradients;
    if (settings.clip_value !== undefined) {
      const named = Object.fromEntries(gradients.map((gradient, i) => [String(i), gradient]));
      const state = clipByValue(settings.clip_value).init({});
      clipped = Object.values(state.update!(named, { last: true }).gradients);
    } else {
      const order = settings.norm_type === 'inf' ? Number.POSITIVE_INFINITY : 2;
      const result = scaleToNorm(gradients, settings.max_norm!, { order });
      clipped = result.scaled;
      expect(result.norm).toBeAllclose(file.tensor('out.total_norm'), close('out.total_norm'));
    }
    for (const [i, tensor] of clipped.entries()) {
      expect(tensor).toBeAllclose(file.tensor(`out.g${i}`), close(`out.g${i}`));
    }
  });
});

describe('weight averages equal torch and timm', () => {
  const averages = {
    // torch's first update copies: the average starts as a copy of what the first step left.
    average_ema_torch: { options: { decay: 0.9 }, copiesFirst: true },
    average_equal_torch: { options: { equal: true }, copiesFirst: true },
    average_ema_timm_v2: { options: { decay: 0.95 }, copiesFirst: false },
    average_ema_timm_v3_warmup: { options: { decay: 0.99, warmup: true }, copiesFirst: false },
  };
  test.each(Object.entries(averages))('%s', (name, { options, copiesFirst }) => {
    const { tolerance } = find(name);
    const file = golden(new URL(`${name}.safetensors`, folder));
    const weight = tf.variable(file.tensor('param.weight'));
    const at = (key: string, k: number) => tf.squeeze(tf.slice(file.tensor(key), k, 1), [0]);
    if (copiesFirst) weight.assign(at('in.path_weight', 0));
    const average = new WeightAverage({ weight }, options);
    for (let k = copiesFirst ? 1 : 0; k < file.tensor('in.path_weight').shape[0]!; k++) {
      weight.assign(at('in.path_weight', k));
      average.update();
      const close = { rtol: tolerance.rtol, atol: tolerance.atol['out.weight']! };
      expect(average.averages['weight']!, `step ${k + 1}`).toBeAllclose(at('out.weight', k), close);
    }
    average.dispose();
    weight.dispose();
  });
});
