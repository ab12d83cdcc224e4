import { defineEncoder, Random } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import { klStandardNormal } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  categorical,
  crossCoherence,
  denseDecoder,
  denseInference,
  type Fusion,
  gaussian,
  jmvae,
  jointCoherence,
  type MultimodalVae,
  type MultimodalVaeOptions,
  mixtureOfExperts,
  mixtureOfProducts,
  multimodalVae,
  productOfExperts,
  productOfGaussians,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const fusions: readonly Fusion[] = [productOfExperts(), mixtureOfExperts(), mixtureOfProducts(), jmvae()];
const number = (x: Tensor) => x.dataSync()[0] as number;

/** Points around four corners, the name of the corner as class, and a noisy one-hot sound of it. */
function data(count: number, seed: number) {
  const random = new Random(seed);
  const classes = Array.from({ length: count }, (_, i) => i % 4);
  const point = classes.map((c) => [c & 1 ? 2 : -2, c & 2 ? 2 : -2].map((v) => v + 0.3 * random.normal()));
  const sound = classes.map((c) => [0, 1, 2, 3].map((i) => (i === c ? 1 : 0) + 0.2 * random.normal()));
  return {
    classes,
    x: {
      point: tf.tensor2d(point),
      name: tf.tensor2d(
        classes.map((c) => [c]),
        [count, 1],
        'int32',
      ),
      sound: tf.tensor2d(sound),
    },
  };
}

function build(
  fusion: Fusion,
  options: Partial<MultimodalVaeOptions<'point' | 'sound'>> = {},
): MultimodalVae<'point' | 'sound'> {
  const hidden = [16];
  const decoder = (outputDimension: number, seed: number) =>
    denseDecoder({ latentDimension: 3, outputDimension, hidden, seed });
  return multimodalVae({
    modalities: {
      point: {
        encoder: denseInference({ inputDimension: 2, hidden, seed: 1 }),
        decoder: decoder(2, 1),
        likelihood: gaussian({ standardDeviation: 0.3 }),
      },
      sound: {
        encoder: denseInference({ inputDimension: 4, hidden, seed: 2 }),
        decoder: decoder(4, 2),
        likelihood: gaussian({ standardDeviation: 0.3 }),
      },
    },
    fusion,
    seed: 1,
    ...options,
  });
}

type Batch = { point: Tensor2D; sound: Tensor2D };

async function train(model: MultimodalVae<'point' | 'sound'>, batch: Batch, steps = 300): Promise<void> {
  const step = trainStep<Batch>(model, { optimizer: adam({ learningRate: 5e-3 }) });
  await fit(step, tensorDataset(batch, { batchSize: 64, seed: 1 }), { steps, progress: false });
  step.dispose();
}

const cornerOf = (points: Tensor) =>
  (points.arraySync() as number[][]).map(([x, y]) => (x! > 0 ? 1 : 0) + (y! > 0 ? 2 : 0));
const loudest = (sounds: Tensor) => [...tf.argMax(sounds, 1).dataSync()];

describe.each(fusions)('fusion $name', (fusion) => {
  it('translates each modality into the other, and agrees with itself; mismatched pairs undo it', async () => {
    const { x } = data(256, 1);
    const test = data(100, 2);
    const measure = async (sound: Tensor2D) => {
      const model = build(fusion);
      const untrained = (await model.elbo({ point: test.x.point, sound: test.x.sound }, { random: new Random(1) }))
        .elbo;
      await train(model, { point: x.point, sound });
      const trained = await model.elbo(
        { point: test.x.point, sound: test.x.sound },
        { random: new Random(1), samples: 2 },
      );
      const random = new Random(5);
      const toSound = crossCoherence(loudest(model.generate({ point: test.x.point }, { to: 'sound' })), test.classes);
      const toPoint = crossCoherence(
        cornerOf(model.generate({ sound: test.x.sound }, { to: 'point', random })),
        test.classes,
      );
      const both = model.sample(200, { random });
      const joint = jointCoherence({ point: cornerOf(both['point']!), sound: loudest(both['sound']!) });
      const { logLikelihood } = await model.logLikelihood(
        { point: test.x.point, sound: test.x.sound },
        { random: new Random(2), samples: 60 },
      );
      model.dispose();
      return { untrained, elbo: trained.elbo, logLikelihood, toSound, toPoint, joint };
    };
    const result = await measure(x.sound);
    expect(result.elbo).toBeGreaterThan(result.untrained + 10);
    expect(result.logLikelihood).toBeGreaterThan(result.elbo);
    expect(result.toSound).toBeGreaterThan(0.8);
    expect(result.toPoint).toBeGreaterThan(0.6); // from drawn latents, of which some lie between the corners
    expect(result.joint).toBeGreaterThan(0.4); // chance is 0.25; samples of the prior fall between the clusters too
    const order = tf.tensor1d(new Random(3).shuffle([...Array(256).keys()]), 'int32');
    const shuffled = await measure(tf.gather(x.sound, order));
    expect(shuffled.toSound).toBeLessThan(0.5);
    expect(shuffled.toPoint).toBeLessThan(0.6);
  });

  it('leaves nothing behind, with bad input either', async () => {
    const model = build(fusion);
    const { point, sound } = data(8, 1).x;
    const random = new Random(1);
    await expectNoLeak(() => model.loss({ point, sound }));
    await expectNoLeakWhenThrowing(
      () => model.loss({ point, smell: sound } as never),
      'multimodalVae: modalities are point, sound;',
    );
    await expectNoLeak(() => model.generate({ point }, { to: 'sound', random }));
    await expectNoLeakWhenThrowing(
      () => model.generate({ point }, { to: 'smell' as never }),
      'generate: to must be one of point, sound',
    );
    await expectNoLeak(() => model.sample(3, { random }));
    await expectNoLeak(() => {
      const { components, weights } = model.posterior({ point, sound });
      return { components, weights: weights ?? [] };
    });
    await expectNoLeak(async () => void (await model.elbo({ point, sound }, { random })));
    await expectNoLeak(async () => void (await model.logLikelihood({ point, sound }, { random, samples: 4 })));
    const before = tf.memory().numTensors;
    build(fusion).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('posteriors', () => {
  let point: Tensor2D;
  let sound: Tensor2D;
  beforeAll(() => {
    ({ point, sound } = data(6, 4).x);
  });

  it('are products, mixtures, or mixtures of products of the single ones', () => {
    const single = build(mixtureOfExperts()).posterior({ point, sound }).components;
    const [product] = build(productOfExperts()).posterior({ point, sound }).components;
    const expected = productOfGaussians(single);
    expect(product!.mean).toBeAllclose(expected.mean, { rtol: 1e-4, atol: 1e-5 });
    const mixed = build(mixtureOfProducts()).posterior({ point, sound }).components;
    expect(mixed).toHaveLength(3);
    expect(mixed[0]!.mean).toBeAllclose(single[0]!.mean, { rtol: 1e-4, atol: 1e-5 });
    expect(mixed[2]!.logVariance).toBeAllclose(expected.logVariance, { rtol: 1e-4, atol: 1e-5 });
    expect(build(mixtureOfExperts()).posterior({ sound }).components).toHaveLength(1);
    expect(build(jmvae()).posterior({ point, sound }).components).toHaveLength(1);
  });

  it('of rows that lack a modality are those of the others alone', () => {
    const present = { sound: tf.tensor1d([1, 1, 1, 0, 0, 0]) as Tensor1D };
    const rows = (x: Tensor2D) => tf.slice(x, 3, 3);
    for (const fusion of [productOfExperts(), mixtureOfProducts()]) {
      const model = build(fusion);
      const partial = model.posterior({ point, sound }, { present });
      const alone = model.posterior({ point: rows(point) });
      const index =
        fusion.name === 'productOfExperts'
          ? 0
          : partial.components.findIndex((_, k) => (partial.weights![k]!.dataSync()[3] as number) > 0);
      expect(rows(partial.components[index]!.mean)).toBeAllclose(alone.components[0]!.mean, { rtol: 1e-4, atol: 1e-5 });
      if (partial.weights) {
        expect(tf.stack(partial.weights, 1)).toBeAllclose(
          [...Array(3).fill([1 / 3, 1 / 3, 1 / 3]), ...Array(3).fill([1, 0, 0])],
          { rtol: 1e-5 },
        );
      }
    }
    expect(() => build(jmvae()).loss({ point, sound, present })).toThrow('jmvae: every row must have every modality');
  });

  it('of a row without a modality give the same loss whatever stands in its place', () => {
    const present = { sound: tf.zeros([6]) as Tensor1D };
    for (const fusion of [productOfExperts(), mixtureOfExperts(), mixtureOfProducts()]) {
      const loss = (values: Tensor2D) => number(build(fusion).loss({ point, sound: values, present }).loss);
      expect(loss(tf.mul(sound, 5))).toBeAllclose(loss(sound), { rtol: 1e-4 });
    }
  });
});

describe('loss', () => {
  let point: Tensor2D;
  let sound: Tensor2D;
  beforeAll(() => {
    ({ point, sound } = data(64, 4).x);
  });

  it('weighs modalities by their size when asked to', () => {
    const loss = (options: Partial<MultimodalVaeOptions<'point' | 'sound'>>) =>
      number(build(productOfExperts(), options).loss({ point, sound })['reconstruction']!);
    expect(loss({ rescale: true })).not.toBeAllclose(loss({}), { rtol: 1e-3 });
  });

  it('prices the divergence by beta', () => {
    const at = (beta: number) => build(mixtureOfProducts(), { beta }).loss({ point, sound });
    const [none, four] = [at(0), at(4)];
    expect(number(none.loss)).toBeAllclose(number(none['reconstruction']!), { rtol: 1e-5 });
    expect(number(four.loss)).toBeAllclose(number(four['reconstruction']!) + 4 * number(four['divergence']!), {
      rtol: 1e-4,
    });
    const { components } = build(mixtureOfProducts()).posterior({ point, sound });
    const kl = tf.addN(components.map(({ mean, logVariance }) => klStandardNormal(mean, logVariance)));
    expect(number(four['divergence']!)).toBeAllclose(number(kl as Scalar) / 3, { rtol: 1e-4 });
  });

  it('adds the bounds of single modalities to a product, unless told not to', () => {
    const plain = build(productOfExperts({ subsampling: false })).loss({ point, sound });
    const expected = number(plain['reconstruction']!) + number(plain['divergence']!);
    expect(number(plain.loss)).toBeAllclose(expected, { rtol: 1e-4 });
    expect(number(build(productOfExperts()).loss({ point, sound }).loss)).toBeGreaterThan(expected + 1);
  });

  it('pulls the single posteriors of a joint model together, by alpha', () => {
    const at = (alpha: number) => number(build(jmvae({ alpha })).loss({ point, sound }).loss);
    expect(at(2) - at(0)).toBeAllclose(2 * (at(1) - at(0)), { rtol: 1e-3 });
    expect(at(1)).toBeGreaterThan(at(0));
  });
});

it('takes encoders of core, and explains names: a class is drawn, and recognised', async () => {
  const layer = tfl.layers.dense({ units: 16, activation: 'relu', inputShape: [4], name: 'names' });
  const encoder = defineEncoder({
    modality: 'text',
    model: tfl.sequential({ layers: [layer] }),
    inputs: ['hot'],
    prepare: async (classes: readonly number[]) => ({ hot: tf.oneHot(tf.tensor1d([...classes], 'int32'), 4) }),
  });
  const named = async ({ classes, x }: ReturnType<typeof data>) => ({
    point: x.point,
    name: { inputs: await encoder.prepare(classes), target: x.name },
  });
  const model = multimodalVae({
    modalities: {
      point: {
        encoder: denseInference({ inputDimension: 2, hidden: [16], seed: 1 }),
        decoder: denseDecoder({ latentDimension: 3, outputDimension: 2, hidden: [16], seed: 1 }),
        likelihood: gaussian({ standardDeviation: 0.3 }),
      },
      name: {
        encoder,
        decoder: denseDecoder({ latentDimension: 3, outputDimension: 4, hidden: [16], seed: 2 }),
        likelihood: categorical({ classes: 4 }),
      },
    },
    rescale: true,
    seed: 1,
  });
  const step = trainStep<Awaited<ReturnType<typeof named>>>(model, { optimizer: adam({ learningRate: 5e-3 }) });
  await fit(step, tensorDataset(await named(data(256, 1)), { batchSize: 64, seed: 1 }), {
    steps: 300,
    progress: false,
  });
  const test = data(100, 2);
  const { point, name } = await named(test);
  expect(crossCoherence(model.generate({ point }, { to: 'name' }).dataSync(), test.classes)).toBeGreaterThan(0.9);
  expect(crossCoherence(cornerOf(model.generate({ name }, { to: 'point' })), test.classes)).toBeGreaterThan(0.9);
  const { perItem } = await model.elbo({ point, name }, { random: new Random(1), batchSize: 30 });
  expect(perItem).toHaveLength(100);
});

it('bad input is named', async () => {
  const { point, sound } = data(6, 1).x;
  const model = build(productOfExperts());
  expect(() => model.loss({ point, sound: tf.slice(sound, 0, 3) })).toThrow('equally many rows, got 6, 3');
  expect(() => model.loss({})).toThrow('modalities are point, sound; got none');
  expect(() => model.loss({ point, smell: sound } as never)).toThrow('(smell is unknown)');
  expect(() => model.generate({ point }, { to: 'smell' as never })).toThrow(
    'to must be one of point, sound, got smell',
  );
  await expect(model.elbo({ point, sound: tf.slice(sound, 0, 3) }, { random: new Random(1) })).rejects.toThrow(
    'equally many rows, got 6, 3',
  );
  expect(() => build(productOfExperts(), { beta: -1 })).toThrow('beta must not be negative');
  expect(() => jmvae({ alpha: -1 })).toThrow('alpha must not be negative');
  expect(() => build('product' as never)).toThrow('fusion must say how posteriors become one, got "product"');
  expect(() => multimodalVae({ modalities: {} })).toThrow('needs two or more modalities');
  expect(() => jointCoherence({ a: [1] })).toThrow('two or more modalities');
  expect(() => crossCoherence([1], [1, 2])).toThrow('got 1 predictions and 2 labels');
  for (const bad of [Number.NaN, 2 ** 53, 0.5]) {
    expect(() => crossCoherence([1, bad], [1, bad])).toThrow(
      `predictions must be whole numbers up to 2^53 - 1, got ${bad}`,
    );
    expect(() => jointCoherence({ a: [1, 1], b: [1, bad] })).toThrow(
      `b must be whole numbers up to 2^53 - 1, got ${bad}`,
    );
  }
  expect(() => crossCoherence(Float32Array.of(16777217), [16777216])).toThrow('must be below 2^24');
});
