import { defineEncoder, type NamedVariables, Random, randomNormal } from '@crossmodal/core';
import { ganClsLoss } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  type ConditionalGanOptions,
  conditionalGan,
  denseDiscriminator,
  denseGenerator,
  ganStep,
  interpolateConditions,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A GAN of vectors [2] under conditions [3]; without spectral normalisation scores are the same in and out of training. */
function small(options: Partial<ConditionalGanOptions> = {}) {
  const conditionDimension = options.augmentation?.dimension ?? 3;
  return conditionalGan({
    conditionDimension: 3,
    latentDimension: 4,
    generator: denseGenerator({
      outputDimension: 2,
      latentDimension: 4,
      conditionDimension,
      hidden: [8],
      activation: 'linear',
      seed: 1,
    }),
    discriminator: denseDiscriminator({
      inputDimension: 2,
      conditionDimension: 3,
      hidden: [8],
      spectral: false,
      seed: 1,
    }),
    seed: 1,
    ...options,
  });
}

const normal = (rows: number, columns: number, seed: number) =>
  randomNormal<Tensor2D>([rows, columns], { random: new Random(seed) });
const batch = (rows = 6) => ({ real: normal(rows, 2, 5), condition: normal(rows, 3, 6) });
const number = (x: Tensor) => x.dataSync()[0] as number;

/** Makes the generator ignore its noise, so that what it draws can be drawn again. */
function withoutNoise(generator: tfl.LayersModel, latentDimension: number): void {
  const layer = generator.getLayer('hidden_1');
  const [kernel, bias] = layer.getWeights() as [Tensor2D, Tensor];
  const kept = kernel.shape[0] - latentDimension;
  layer.setWeights([
    tf.concat([tf.zeros([latentDimension, kernel.shape[1]]), tf.slice(kernel, latentDimension, kept)]),
    bias,
  ]);
}

/** A generator that gives its noise [4] as it is. */
function withConditionIgnored(layer: tfl.layers.Layer): tfl.LayersModel {
  const [noise, condition] = [tfl.input({ shape: [4] }), tfl.input({ shape: [3] })];
  const joined = tfl.layers.concatenate().apply([noise, condition]);
  const model = tfl.model({ inputs: [noise, condition], outputs: layer.apply(joined) as tfl.SymbolicTensor });
  layer.setWeights([tf.concat([tf.eye(4), tf.zeros([3, 4])])]);
  return model;
}

describe('losses', () => {
  it("are Reed's matching-aware losses of the scores", () => {
    const gan = small();
    withoutNoise(gan.generator, 4);
    const { real, condition } = batch();
    const generated = gan.generate(condition, { noise: tf.zeros([1, 4]) });
    const rolled = tf.gather(condition, tf.tensor1d([1, 2, 3, 4, 5, 0], 'int32'));
    const scores = [gan.score(real, condition), gan.score(real, rolled), gan.score(generated, condition)] as const;
    const { loss, ...terms } = gan.objectives.discriminator.loss({ real, condition });
    expect(loss).toBeAllclose(ganClsLoss(...scores), { rtol: 1e-5 });
    expect(number(terms['real']!)).toBeAllclose(number(tf.mean(scores[0])), { rtol: 1e-5 });
    expect(number(terms['mismatched']!)).toBeAllclose(number(tf.mean(scores[1])), { rtol: 1e-5 });
    expect(number(terms['generated']!)).toBeAllclose(number(tf.mean(scores[2])), { rtol: 1e-5 });
    expect(gan.objectives.generator.loss({ real, condition }).loss).toBeAllclose(
      tf.mean(tf.softplus(tf.neg(scores[2]))),
      {
        rtol: 1e-5,
      },
    );
  });

  it('take the mismatched conditions of the batch, or none at all', () => {
    const { real, condition } = batch();
    const fair = small({ loss: 'wasserstein' }).objectives.discriminator.loss({
      real,
      condition,
      mismatched: condition,
    });
    // Conditions that are the same are no mismatch: generated samples stand in for those pairs.
    expect(number(fair['mismatched']!)).toBeAllclose(number(fair['generated']!), { rtol: 1e-5 });
    const other = normal(6, 3, 8);
    const model = small({ loss: 'wasserstein' });
    const chosen = model.objectives.discriminator.loss({ real, condition, mismatched: other });
    expect(number(chosen['mismatched']!)).toBeAllclose(number(tf.mean(model.score(real, other))), { rtol: 1e-4 });
    const {
      loss,
      real: r,
      generated: f,
      mismatched: w,
    } = small({ loss: 'wasserstein' }).objectives.discriminator.loss({ real, condition });
    expect(number(loss)).toBeAllclose((number(f!) + number(w!)) / 2 - number(r!), { rtol: 1e-4 });
    const plain = small({ loss: 'wasserstein', matchingAware: false }).objectives.discriminator.loss({
      real,
      condition,
    });
    expect(Object.keys(plain).sort()).toEqual(['generated', 'loss', 'real']);
    expect(number(plain.loss)).toBeAllclose(number(plain['generated']!) - number(plain['real']!), { rtol: 1e-4 });
  });

  it('reach their own player only', () => {
    const gan = small({ augmentation: { dimension: 5, weight: 0.5 } });
    const data = batch();
    const gradients = (loss: () => Scalar, variables: NamedVariables) =>
      Object.values(tf.variableGrads(loss, Object.values(variables)).grads).map((g) => number(tf.max(tf.abs(g))));
    const ofDiscriminator = () => gan.objectives.discriminator.loss(data).loss;
    const ofGenerator = () => gan.objectives.generator.loss(data).loss;
    expect(Math.max(...gradients(ofDiscriminator, gan.objectives.discriminator.namedVariables()))).toBeGreaterThan(
      1e-3,
    );
    expect(Math.max(...gradients(ofGenerator, gan.objectives.generator.namedVariables()))).toBeGreaterThan(1e-3);
    const both = { ...gan.objectives.generator.namedVariables(), ...gan.objectives.discriminator.namedVariables() };
    const { grads } = tf.variableGrads(ofDiscriminator, Object.values(both));
    for (const [name, variable] of Object.entries(gan.objectives.generator.namedVariables())) {
      const gradient = grads[variable.name];
      expect([name, gradient ? number(tf.max(tf.abs(gradient))) : 0]).toEqual([name, 0]);
    }
  });

  it('add a term for conditions halfway between two', () => {
    const { loss, adversarial, interpolated } = small({ interpolation: 0.5 }).objectives.generator.loss(batch());
    expect(number(loss)).toBeAllclose(number(adversarial!) + 0.5 * number(interpolated!), { rtol: 1e-5 });
    const gan = small({ interpolation: 1, loss: 'wasserstein' });
    withoutNoise(gan.generator, 4);
    const { real, condition } = batch();
    const rolled = tf.gather(condition, tf.tensor1d([1, 2, 3, 4, 5, 0], 'int32'));
    const unit = (x: Tensor2D) => tf.div(x, tf.norm(x, 2, 1, true));
    const between = tf.add(unit(condition), unit(rolled)) as Tensor2D;
    const expected = tf.neg(tf.mean(gan.score(gan.generate(between, { noise: tf.zeros([1, 4]) }), between)));
    expect(gan.objectives.generator.loss({ real, condition })['interpolated']!).toBeAllclose(expected, {
      rtol: 1e-4,
      atol: 1e-5,
    });
  });

  it('add a penalty of the slope: of a linear critic it is that of its weights', () => {
    const linear = (kind: 'r1' | 'wasserstein') =>
      small({
        discriminator: denseDiscriminator({
          inputDimension: 2,
          conditionDimension: 3,
          hidden: [],
          spectral: false,
          seed: 1,
        }),
        loss: 'wasserstein',
        gradientPenalty: { kind, weight: 2 },
      });
    const data = batch();
    const r1 = linear('r1');
    // Slope of w.x + (V c).x in x: w + V c.
    const { head } = r1.discriminator;
    const w = tf.reshape(head.getLayer('score').getWeights()[0] as Tensor, [1, 2]);
    const [v, bias] = head.getLayer('condition_projection').getWeights() as [Tensor2D, Tensor];
    const unit = tf.mul(Math.sqrt(3), tf.div(data.condition, tf.norm(data.condition, 2, 1, true))) as Tensor2D;
    const slopes = tf.norm(tf.add(w, tf.add(tf.matMul(unit, v), bias)), 2, 1);
    const zero = r1.objectives.discriminator.loss(data);
    expect(zero['penalty']!).toBeAllclose(tf.mul(2, tf.mean(tf.square(slopes))), { rtol: 1e-4 });
    const one = linear('wasserstein').objectives.discriminator.loss(data);
    expect(one['penalty']!).toBeAllclose(tf.mul(2, tf.mean(tf.square(tf.sub(slopes, 1)))), { rtol: 1e-4 });
    const without = small({
      discriminator: r1.discriminator,
      loss: 'wasserstein',
    }).objectives.discriminator.loss(data);
    expect(number(zero.loss)).toBeAllclose(number(without.loss) + number(zero['penalty']!), { rtol: 1e-4 });
  });

  it('add the weighted divergence of the augmented condition', () => {
    const gan = small({ augmentation: { dimension: 5, weight: 0.5 } });
    const { loss, adversarial, divergence } = gan.objectives.generator.loss(batch());
    expect(number(divergence!)).toBeGreaterThan(0);
    expect(number(loss)).toBeAllclose(number(adversarial!) + 0.5 * number(divergence!), { rtol: 1e-5 });
    expect(
      Object.keys(gan.objectives.generator.namedVariables()).filter((name) => name.startsWith('augmentation/')),
    ).toHaveLength(2);
  });
});

describe('conditions', () => {
  it('count by their direction alone, unless that is switched off', () => {
    const { real, condition } = batch();
    const longer = tf.mul(condition, 7);
    expect(small().score(real, longer)).toBeAllclose(small().score(real, condition), { rtol: 1e-4 });
    const plain = small({ normalizeCondition: false });
    const difference = tf.max(tf.abs(tf.sub(plain.score(real, longer), plain.score(real, condition))));
    expect(number(difference)).toBeGreaterThan(0.01);
    expect(Number.isFinite(number(tf.sum(small().score(real, tf.zeros([6, 3])))))).toBe(true);
  });

  it('may come from an encoder that is trained with the discriminator', () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [5], name: 'words' })] });
    const encoder = defineEncoder({
      modality: 'text',
      model,
      inputs: ['bag'],
      prepare: async (rows: readonly number[][]) => ({ bag: tf.tensor2d(rows.map((row) => [...row])) }),
    });
    const gan = small({ encoder });
    const data = { real: normal(6, 2, 5), condition: { bag: normal(6, 5, 7) } };
    const before = (model.getWeights()[0] as Tensor).dataSync().slice();
    const step = ganStep(gan, { generatorRate: 0, averageDecay: 0 });
    tf.dispose(step.run(data));
    expect((model.getWeights()[0] as Tensor).dataSync()).not.toEqual(before);
    expect(Object.keys(gan.namedVariables())).toContain('encoder/words/kernel');
    expect(Object.keys(gan.objectives.generator.namedVariables()).some((name) => name.startsWith('encoder'))).toBe(
      false,
    );
    const after = (model.getWeights()[0] as Tensor).dataSync().slice();
    const still = ganStep(gan, { discriminatorRate: 0, averageDecay: 0 });
    tf.dispose(still.run(data));
    expect((model.getWeights()[0] as Tensor).dataSync()).toEqual(after);
  });

  it('interpolate on a line, ends included', () => {
    const line = interpolateConditions(tf.tensor1d([0, 2]), tf.tensor1d([4, 0]), { steps: 5 });
    expect(line).toBeAllclose([[0, 2], [1, 1.5], [2, 1], [3, 0.5], [4, 0]]); // biome-ignore format: one line per table
    expect(() => interpolateConditions(tf.zeros([2]), tf.zeros([3]))).toThrow('of equal size and steps >= 2');
  });
});

describe('generate', () => {
  it('repeats by seed, batch by batch as in one piece, and takes one noise for all', () => {
    const gan = small();
    const { condition } = batch(7);
    const whole = gan.generate(condition, { random: new Random(3) });
    expect(gan.generate(condition, { random: new Random(3), batchSize: 3 })).toBeAllclose(whole, { rtol: 1e-6 });
    const other = gan.generate(condition, { random: new Random(4) });
    expect(number(tf.max(tf.abs(tf.sub(other, whole))))).toBeGreaterThan(1e-3);
    const same = tf.tile(tf.slice(condition, 0, 1), [7, 1]);
    const alike = gan.generate(same, { noise: normal(1, 4, 9) });
    expect(number(tf.max(tf.abs(tf.sub(alike, tf.slice(alike, 0, 1)))))).toBeLessThan(1e-6);
  });

  it('streams what each batch would give by itself, and no more than is asked for', async () => {
    const gan = small();
    const { condition } = batch(7);
    const random = new Random(3);
    const slices = [tf.slice(condition, 0, 3), tf.slice(condition, 3, 3), tf.slice(condition, 6, 1)];
    const expected = slices.map((slice) => gan.generate(slice, { random }));
    const parts: Tensor[] = [];
    for await (const part of gan.generateInBatches(condition, { random: new Random(3), batchSize: 3 }))
      parts.push(part);
    expect(parts.map(({ shape }) => shape[0])).toEqual([3, 3, 1]);
    expect(tf.concat(parts, 0)).toBeAllclose(tf.concat(expected, 0), { rtol: 1e-6 });
    const drawn = new Random(3);
    await expectNoLeak(async () => {
      for await (const part of gan.generateInBatches(condition, { random: drawn, batchSize: 2 })) {
        part.dispose();
        break;
      }
    });
    expect(drawn.state.draws).toBe(2); // once to warm up, once that counts
    await expect(gan.generateInBatches(condition, { random: drawn, batchSize: 0 }).next()).rejects.toThrow(
      'generateInBatches: batchSize must be an integer of at least 1, got 0',
    );
    await expect(gan.generateInBatches(tf.zeros([2, 4]), { random: drawn }).next()).rejects.toThrow(
      'generateInBatches: condition must be [batch, 3], got [2,4]',
    );
  });

  it.each([0.5, 1.5])('draws truncated noise, here at %d deviations: of that distribution', (truncation) => {
    const identity = tfl.layers.dense({ units: 4, inputShape: [7], useBias: false, name: 'noise' });
    const gan = small({ generator: withConditionIgnored(identity) });
    const rows = gan.generate(tf.ones([500, 3]), { random: new Random(3), truncation });
    expect(number(tf.max(tf.abs(rows)))).toBeLessThanOrEqual(truncation);
    // Variance of a normal distribution cut at +-t: 1 - 2 t p(t) / (P(t) - P(-t)).
    const density = Math.exp(-(truncation ** 2) / 2) / Math.sqrt(2 * Math.PI);
    const inside = truncation === 0.5 ? 0.3829249 : 0.8663856;
    expect(number(tf.mean(tf.square(rows)))).toBeCloseTo(1 - (2 * truncation * density) / inside, 1);
    expect(() => gan.generate(tf.ones([2, 3]), { random: new Random(3), truncation: 0 })).toThrow(
      'truncation must be positive, got 0',
    );
  });

  it('gives images in the range of the real ones', () => {
    const gan = conditionalGan({
      size: 8,
      channels: 1,
      width: 4,
      conditionDimension: 3,
      latentDimension: 4,
      range: [0, 255],
    });
    const images = gan.generate(tf.eye(3), { random: new Random(1) });
    expect(images.shape).toEqual([3, 8, 8, 1]);
    expect(number(tf.min(images))).toBeGreaterThanOrEqual(0);
    expect(number(tf.max(images))).toBeLessThanOrEqual(255);
    expect(Math.abs(number(tf.mean(images)) - 127.5)).toBeLessThan(30);
    gan.dispose();
  });
});

describe('bad input', () => {
  it('is named', () => {
    const gan = small();
    const { real, condition } = batch();
    expect(() => gan.objectives.discriminator.loss({ real, condition: tf.zeros([5, 3]) })).toThrow(
      'discriminator.loss: each sample needs a condition, got 6 samples and 5 conditions',
    );
    expect(() => gan.objectives.generator.loss({ real, condition: tf.zeros([6, 4]) })).toThrow(
      'condition must be [batch, 3], got [6,4]',
    );
    expect(() => gan.generate({ bag: condition }, { random: new Random(1) })).toThrow('embed the texts first');
    expect(() => gan.generate(condition, {})).toThrow('generate: pass { random: new Random(seed) } or { noise }');
    expect(() => gan.generate(condition, { noise: tf.zeros([6, 3]) })).toThrow('noise must be [6 or 1, 4], got [6,3]');
    expect(() => conditionalGan({ conditionDimension: 3, size: 20 })).toThrow('8, 16, 32, 64, ...), got 20');
    expect(() => conditionalGan({ conditionDimension: 0 })).toThrow(
      'conditionDimension must be an integer of at least 1, got 0',
    );
    expect(() => small({ range: [1, 1] })).toThrow('low < high, got [1,1]');
  });

  it('and good input leave no tensors behind', async () => {
    const gan = small({ augmentation: { dimension: 5 } });
    const { real, condition } = batch();
    await expectNoLeak(() => gan.objectives.discriminator.loss({ real, condition }));
    await expectNoLeak(() => gan.objectives.generator.loss({ real, condition }));
    await expectNoLeak(() => gan.generate(condition, { random: new Random(1) }));
    await expectNoLeak(() => gan.score(real, condition));
    for (const given of [tf.zeros([6, 4])]) {
      await expectNoLeakWhenThrowing(
        () => gan.objectives.discriminator.loss({ real, condition: given }),
        'discriminator.loss: condition must be [batch, 3]',
      );
      await expectNoLeakWhenThrowing(
        () => gan.objectives.generator.loss({ real, condition: given }),
        'generator.loss: condition must be [batch, 3]',
      );
      await expectNoLeakWhenThrowing(
        () => gan.generate(given, { random: new Random(1) }),
        'generate: condition must be [batch, 3]',
      );
      await expectNoLeakWhenThrowing(() => gan.score(real, given), 'score: condition must be [batch, 3]');
    }
    const before = tf.memory().numTensors;
    small({ augmentation: { dimension: 5 } }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
