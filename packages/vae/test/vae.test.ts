import { defineEncoder, Random, randomNormal } from '@crossmodal/core';
import { bernoulliLogLikelihood, klStandardNormal } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { denseDecoder, denseInference, gaussian, type Vae, type VaeOptions, vae } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const number = (x: Tensor) => x.dataSync()[0] as number;
const normal = (rows: number, columns: number, seed: number) =>
  randomNormal<Tensor2D>([rows, columns], { random: new Random(seed) });
const binary = (rows: number, columns: number, seed: number) =>
  tf.tidy(() => tf.cast(tf.greater(normal(rows, columns, seed), 0), 'float32')) as Tensor2D;

function small(options: Partial<VaeOptions> = {}): Vae {
  const conditionDimension = options.conditionDimension ?? 0;
  return vae({
    encoder: denseInference({ inputDimension: 6, hidden: [5], conditionDimension, seed: 1 }),
    decoder: denseDecoder({ latentDimension: 3, outputDimension: 6, hidden: [5], conditionDimension, seed: 1 }),
    seed: 1,
    ...options,
  });
}

/** Sets weights by name. */
function assign(model: Vae, values: Record<string, Tensor>): void {
  const variables = model.namedVariables();
  for (const [name, value] of Object.entries(values)) (variables[name] as Variable).assign(value);
}

/**
 * p(z) = N(0, I), p(x|z) = N(W z + b, s^2 I) with diagonal W: p(x) and p(z|x) are known. The encoder is the exact
 * posterior, or the prior when `exact` is false.
 */
function linear({ exact = true, ...options }: { exact?: boolean } & Partial<VaeOptions> = {}) {
  const [w, b, s] = [[1, 2], [0.5, -1], 0.5] as const;
  const encoder = tfl.sequential({ layers: [tfl.layers.activation({ activation: 'linear', inputShape: [2] })] });
  const decoder = tfl.sequential({ layers: [tfl.layers.dense({ units: 2, inputShape: [2], name: 'affine' })] });
  const model = vae({ encoder, decoder, likelihood: gaussian({ standardDeviation: s }), seed: 3, ...options });
  const precision = w.map((value) => 1 + value ** 2 / s ** 2);
  const gain = w.map((value, i) => (exact ? value / s ** 2 / (precision[i] as number) : 0));
  const logVariance = precision.map((value) => (exact ? -Math.log(value) : 0));
  assign(model, {
    'decoder/affine/kernel': tf.tensor2d([
      [w[0], 0],
      [0, w[1]],
    ]),
    'decoder/affine/bias': tf.tensor1d([...b]),
    'latent/gaussian/kernel': tf.tensor2d([
      [gain[0]!, 0, 0, 0],
      [0, gain[1]!, 0, 0],
    ]),
    'latent/gaussian/bias': tf.tensor1d([-gain[0]! * b[0], -gain[1]! * b[1], ...logVariance]),
  });
  const logDensity = (x: number[]) =>
    x.reduce((sum, value, i) => {
      const variance = w[i]! ** 2 + s ** 2;
      return sum - 0.5 * (Math.log(2 * Math.PI * variance) + (value - b[i]!) ** 2 / variance);
    }, 0);
  return { model, logDensity };
}

describe('on a model whose evidence is known', () => {
  const x = [
    [0.3, -0.8],
    [2, 1],
    [-1, -4],
  ];

  it('every importance weight of the exact posterior is the evidence itself', () => {
    const { model, logDensity } = linear();
    const weights = model.logWeights(tf.tensor2d(x), { samples: 4, random: new Random(1) });
    expect(weights).toBeAllclose(
      Array.from({ length: 4 }, () => x.map(logDensity)),
      { rtol: 1e-4, atol: 1e-4 },
    );
  });

  it('the bound is tight for the exact posterior, and below the evidence by the divergence for another', async () => {
    const { model, logDensity } = linear();
    const evidence = x.map(logDensity).reduce((sum, value) => sum + value, 0) / x.length;
    const tight = await model.elbo(tf.tensor2d(x), { random: new Random(2), samples: 3000 });
    expect(tight.elbo).toBeAllclose(evidence, { atol: 0.05 });
    expect(tight.elbo).toBeAllclose(-tight.reconstruction - tight.divergence, { rtol: 1e-6 });
    expect(tight.bitsPerValue).toBeAllclose(-tight.elbo / (2 * Math.LN2), { rtol: 1e-6 });
    expect(tight.perItem).toHaveLength(3);
    const loose = await linear({ exact: false }).model.elbo(tf.tensor2d(x), { random: new Random(2), samples: 500 });
    expect(loose.elbo).toBeLessThan(evidence - 5);
    expect(loose.divergence).toBeAllclose(0, { atol: 1e-6 });
  });

  it('importance sampling from the prior finds the evidence too, with many samples, and from below with few', async () => {
    const { model, logDensity } = linear({ exact: false });
    const inputs = tf.tensor2d(x.slice(0, 2));
    const evidence = (logDensity(x[0]!) + logDensity(x[1]!)) / 2;
    const options = { random: new Random(4), samplesAtOnce: 700 };
    const many = await model.logLikelihood(inputs, { ...options, samples: 20000 });
    expect(many.logLikelihood).toBeAllclose(evidence, { atol: 0.06 });
    const few = await model.logLikelihood(tf.tile(inputs, [100, 1]), { ...options, samples: 2 });
    expect(few.logLikelihood).toBeLessThan(evidence - 0.5);
    expect(few.perItem).toHaveLength(200);
  });

  it('training on more importance samples gives a tighter loss', () => {
    const loss = (samples: number) => {
      const { model } = linear({ exact: false, objective: 'importance-weighted', samples });
      return number(model.loss({ x: tf.tile(tf.tensor2d(x), [200, 1]) }).loss);
    };
    const losses = [1, 5, 50].map(loss);
    expect(losses[1]).toBeLessThan(losses[0]! - 1);
    expect(losses[2]).toBeLessThan(losses[1]! - 0.5);
  });
});

describe('loss', () => {
  /** Latents all but fixed: log variance -12, so that z is the mean. */
  const sharp = (model: Vae) => {
    const kernel = model.namedVariables()['latent/gaussian/kernel']!;
    const means = tf.slice(kernel, [0, 0], [-1, 3]);
    assign(model, {
      'latent/gaussian/kernel': tf.concat([means, tf.zerosLike(means)], 1),
      'latent/gaussian/bias': tf.tensor1d([0, 0, 0, -12, -12, -12]),
    });
  };

  it('is the negative log likelihood of the decoder plus beta times the divergence', () => {
    for (const beta of [0, 1, 4]) {
      const model = small({ beta });
      sharp(model);
      const x = binary(7, 6, 2);
      const { mean, logVariance } = model.posterior(x);
      const reconstruction = tf.neg(tf.mean(bernoulliLogLikelihood(x, model.decode(mean))));
      const divergence = klStandardNormal(mean, logVariance);
      const terms = model.loss({ x });
      expect(terms['reconstruction']!).toBeAllclose(reconstruction, { rtol: 5e-3 });
      expect(terms['divergence']!).toBeAllclose(divergence, { rtol: 1e-5 });
      const expected = number(terms['reconstruction']!) + beta * number(divergence);
      expect(number(terms.loss)).toBeAllclose(expected, { rtol: 1e-5 });
    }
  });

  it('takes beta from a schedule, at step 0 outside of training', () => {
    const { loss, reconstruction } = small({ beta: (step) => step / 100 }).loss({ x: binary(4, 6, 3) });
    expect(loss).toBeAllclose(reconstruction!, { rtol: 1e-6 });
  });

  it('charges nothing for the free bits', () => {
    const x = binary(4, 6, 3);
    const { loss, reconstruction } = small({ freeBits: 50 }).loss({ x });
    expect(number(loss)).toBeAllclose(number(reconstruction!) + 3 * 50, { rtol: 1e-5 });
    const model = small({ freeBits: 50, beta: 1 });
    const priced = tf.variableGrads(
      () => tf.sub(model.loss({ x }).loss, model.loss({ x })['reconstruction']!) as tf.Scalar,
      [model.namedVariables()['latent/gaussian/kernel']!],
    );
    expect(number(tf.max(tf.abs(Object.values(priced.grads)[0]!)))).toBeLessThan(1);
  });
});

describe('use', () => {
  it('interpolates between reconstructions and traverses one latent at a time', () => {
    const model = small();
    const [a, b] = [binary(1, 6, 4), binary(1, 6, 5)];
    const line = model.interpolate(a, b, { steps: 4 });
    expect(line.shape).toEqual([4, 6]);
    expect(tf.slice(line, 0, 1)).toBeAllclose(model.reconstruct(a), { rtol: 1e-5 });
    expect(tf.slice(line, 3, 1)).toBeAllclose(model.reconstruct(b), { rtol: 1e-5 });
    const { mean } = model.posterior(a);
    const set = (value: number) => tf.tensor2d([[mean.arraySync()[0]![0]!, value, mean.arraySync()[0]![2]!]]);
    const walk = model.traverse(a, { dimension: 1, values: [-2, 0.5] });
    const expected = tf.sigmoid(tf.concat([model.decode(set(-2)), model.decode(set(0.5))]));
    expect(walk).toBeAllclose(expected, { rtol: 1e-5 });
  });

  it('samples by seed, as probabilities or as draws', () => {
    const model = small();
    const expected = model.sample(5, { random: new Random(2) });
    expect(model.sample(5, { random: new Random(2) })).toBeAllclose(expected);
    const drawn = model.sample(5, { random: new Random(2), draw: true }).dataSync();
    expect([...drawn].every((value) => value === 0 || value === 1)).toBe(true);
    const reconstructed = model.reconstruct(binary(3, 6, 1), { random: new Random(1) });
    expect(reconstructed.shape).toEqual([3, 6]);
  });

  it('takes an encoder of core, and conditions', async () => {
    const body = tfl.sequential({ layers: [tfl.layers.dense({ units: 4, inputShape: [6], name: 'body' })] });
    const encoder = defineEncoder({
      modality: 'text',
      model: body,
      inputs: ['bag'],
      prepare: async (rows: readonly number[][]) => ({ bag: tf.tensor2d(rows.map((row) => [...row])) }),
    });
    const decoder = denseDecoder({ latentDimension: 3, outputDimension: 6, hidden: [5], conditionDimension: 2 });
    const model = vae({ encoder, decoder, conditionDimension: 2, seed: 1 });
    const bag = binary(4, 6, 1);
    const condition = normal(4, 2, 2);
    const x = { inputs: { bag }, target: bag };
    expect(Number.isFinite(number(model.loss({ x, condition }).loss))).toBe(true);
    const { perItem } = await model.elbo(x, { condition, random: new Random(1), batchSize: 3 });
    expect(perItem).toHaveLength(4);
    expect(Object.keys(model.namedVariables())).toContain('encoder/body/kernel');
    expect(() => model.loss({ x: bag, condition })).toThrow("the encoder is one of core's, so pass { inputs, target }");
    expect(() => small().loss({ x })).toThrow('the encoder is a tfjs-layers model, so pass a tensor');
  });

  it('names bad input', async () => {
    const model = small();
    const x = binary(4, 6, 1);
    expect(() => model.loss({ x, condition: normal(4, 2, 1) })).toThrow('takes no condition, got [4,2]');
    expect(() => small({ conditionDimension: 2 }).loss({ x })).toThrow('a condition [4, 2], got none');
    expect(() => model.interpolate(x, x)).toThrow('observations of one row are needed, got 4 and 4 rows');
    expect(() => model.traverse(tf.slice(x, 0, 1), { dimension: 3 })).toThrow('a dimension from 0 to 2');
    expect(() => small({ latentDimension: 4 })).toThrow('must take latents [batch, 4], its input is [,3]');
    expect(() => small({ samples: 0 })).toThrow('samples must be an integer of at least 1, got 0');
    expect(() => small({ beta: -1 })).toThrow('beta must not be negative, got -1');
    expect(() => small({ decoder: denseDecoder({ latentDimension: 3, outputDimension: 5 }) }).loss({ x })).toThrow(
      'bernoulli: the decoder gives parameters [4,5], so values must be [4,5], got [4,6]',
    );
    expect(() => denseDecoder({ latentDimension: 3, outputDimension: 5, outputBias: [1] })).toThrow(
      'outputDimension = 5 values',
    );
    await expect(model.elbo(x, { random: new Random(1), batchSize: 0 })).rejects.toThrow(
      'batchSize must be an integer',
    );
    await expect(model.logLikelihood(x, { random: new Random(1), samples: 0 })).rejects.toThrow(
      'samples must be an integer of at least 1, got 0',
    );
  });

  it('leaves no tensors behind', async () => {
    const model = small();
    const x = binary(4, 6, 1);
    const random = new Random(1);
    await expectNoLeak(() => model.loss({ x }));
    await expectNoLeak(() => ({ ...model.posterior(x) }));
    await expectNoLeak(() => model.reconstruct(x));
    await expectNoLeak(async () => void (await model.elbo(x, { random, batchSize: 3 })));
    await expectNoLeak(async () => void (await model.logLikelihood(x, { random, samples: 5, samplesAtOnce: 3 })));
    for (const given of [normal(4, 2, 1)]) {
      await expectNoLeakWhenThrowing(
        () => model.loss({ x: given }),
        'Input 0 is incompatible with layer hidden_1: expec',
      );
      await expectNoLeakWhenThrowing(
        () => ({ ...model.posterior(given) }),
        'Input 0 is incompatible with layer hidden_1: expec',
      );
      await expectNoLeakWhenThrowing(
        () => model.reconstruct(given),
        'Input 0 is incompatible with layer hidden_1: expec',
      );
      await expectNoLeakWhenThrowing(
        async () => void (await model.elbo(given, { random, batchSize: 3 })),
        'Input 0 is incompatible with layer hidden_1: expec',
      );
      await expectNoLeakWhenThrowing(
        async () => void (await model.logLikelihood(given, { random, samples: 5, samplesAtOnce: 3 })),
        'Input 0 is incompatible with layer hidden_1: expec',
      );
    }
    await expectNoLeak(() => model.sample(3, { random }));
    const condition = normal(3, 1, 1);
    await expectNoLeakWhenThrowing(() => model.sample(3, { random, condition }), 'sample: this VAE takes no condition');
    const before = tf.memory().numTensors;
    small().dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
