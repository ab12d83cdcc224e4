import type { Encoder } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  concatenation,
  crossAttention,
  type FusionBatch,
  type FusionStrategy,
  fusionClassifier,
  gated,
  lowRankBilinear,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseEncoder, seededTensor, sequenceEncoder } from './encoders.js';

useTestBackend();

const strategies: [string, () => FusionStrategy][] = [
  ['concatenation', concatenation],
  ['gated', () => gated({ dimension: 6 })],
  ['lowRankBilinear', () => lowRankBilinear({ rank: 6 })],
  ['crossAttention', () => crossAttention({ dimension: 8, heads: 2 })],
];

function model(strategy: FusionStrategy = concatenation(), options = {}) {
  return fusionClassifier({
    encoders: {
      image: sequenceEncoder('image', { inputs: 4, dimension: 5, seed: 1 }),
      audio: sequenceEncoder('audio', { inputs: 3, dimension: 6, seed: 2 }),
    },
    classes: 3,
    hidden: [7],
    strategy,
    seed: 1,
    ...options,
  });
}

const labels = () => tf.tensor1d([0, 1, 2, 0], 'int32');
const image = (seed = 3) => ({ frames: seededTensor([4, 2, 4], seed), mask: tf.ones([4, 2]) });
const audio = (seed = 4) => ({ frames: seededTensor([4, 3, 3], seed), mask: tf.ones([4, 3]) });

describe.each(strategies)('fusionClassifier with %s', (_, strategy) => {
  it('ignores placeholders of missing rows, whatever they are, in loss and gradient', () => {
    const classifier = model(strategy());
    const present = { image: tf.tensor1d([1, 0, 1, 1]), audio: tf.tensor1d([1, 1, 0, 1]) };
    const filled = (placeholder: number): FusionBatch<'image' | 'audio'> => {
      const put = (inputs: { frames: tf.Tensor; mask: tf.Tensor }, row: Tensor1D) => ({
        frames: tf.where(
          tf.greater(tf.reshape(row, [4, 1, 1]), 0),
          inputs.frames,
          tf.fill(inputs.frames.shape, placeholder),
        ),
        mask: inputs.mask,
      });
      return { image: put(image(), present.image), audio: put(audio(), present.audio), present, labels: labels() };
    };
    const variables = Object.values(classifier.namedVariables());
    const of = (batch: FusionBatch<'image' | 'audio'>) => {
      const { value, grads } = tf.variableGrads(() => classifier.loss(batch).loss, variables);
      return tf.concat([tf.reshape(value, [1]), ...Object.values(grads).map((g) => tf.reshape(g, [-1]))]);
    };
    const expected = of(filled(0));
    expect(tf.all(tf.isFinite(expected)).dataSync()[0]).toBe(1);
    expect(of(filled(5))).toBeAllclose(expected);
    expect(of(filled(Number.NaN))).toBeAllclose(expected);
  });

  it('takes a batch without a modality as one where it is missing in every row', () => {
    const classifier = model(strategy());
    const none = { audio: tf.zeros<tf.Rank.R1>([4]) };
    expect(classifier.logits({ image: image() })).toBeAllclose(
      classifier.logits({ image: image(), audio: audio(), present: none }),
    );
  });

  it('does not train unless told, and frees everything, when throwing too', async () => {
    const classifier = model(strategy(), { dropout: 0.5, modalityDropout: 0.5 });
    const batch = { image: image(), audio: audio(), labels: labels() };
    expect(classifier.loss(batch).loss).toBeAllclose(classifier.loss(batch, { training: false }).loss);
    const draws = new Set(
      Array.from({ length: 6 }, () => classifier.loss(batch, { training: true }).loss.dataSync()[0]),
    );
    expect(draws.size).toBeGreaterThan(1);
    await expectNoLeak(() => classifier.loss(batch, { training: true }));
    const wrong = tf.tensor1d([1]);
    await expectNoLeakWhenThrowing(() => classifier.loss({ ...batch, labels: wrong }), /labels/);
  });
});

describe('fusionClassifier', () => {
  it('is cross entropy of the logits, and the share of right ones', () => {
    const classifier = model();
    const batch = { image: image(), audio: audio(), labels: labels() };
    const logits = classifier.logits(batch).arraySync();
    const classes = labels().arraySync();
    const losses = logits.map((row, i) => Math.log(row.reduce((sum, l) => sum + Math.exp(l), 0)) - row[classes[i]!]!);
    const hits = logits.map((row, i) => Number(row.indexOf(Math.max(...row)) === classes[i]));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const { loss, accuracy } = classifier.loss(batch);
    expect(loss).toBeAllclose(mean(losses));
    expect(accuracy).toBeAllclose(mean(hits));
  });

  it('smooths labels when training only', () => {
    const [plain, smooth] = [
      model(concatenation(), { dropout: 0 }),
      model(concatenation(), { dropout: 0, labelSmoothing: 0.3 }),
    ];
    const batch = { image: image(), audio: audio(), labels: labels() };
    expect(smooth.loss(batch).loss).toBeAllclose(plain.loss(batch).loss);
    const logs = tf.logSoftmax(smooth.logits(batch)).arraySync();
    const costs = logs.map(
      (row, i) => -row.reduce((sum, log, k) => sum + log * (0.1 + (k === labels().arraySync()[i] ? 0.7 : 0)), 0),
    );
    expect(smooth.loss(batch, { training: true }).loss).toBeAllclose(costs.reduce((a, b) => a + b, 0) / costs.length);
  });

  it('tells encoders and the strategy whether it is training, as it was told', () => {
    const seen: unknown[] = [];
    const listening = (encoder: Encoder): Encoder => ({
      ...encoder,
      encode: (inputs, options) => {
        seen.push(options?.training);
        return encoder.encode(inputs, options);
      },
    });
    const strategy: FusionStrategy = {
      build: (shapes, options) => {
        const fusion = concatenation().build(shapes, options);
        return {
          ...fusion,
          fuse: (features, mode) => {
            seen.push(mode.training);
            return fusion.fuse(features, mode);
          },
        };
      },
    };
    const classifier = fusionClassifier({
      encoders: {
        a: listening(denseEncoder('a', { inputs: 2, dimension: 2, seed: 1 })),
        b: listening(denseEncoder('b', { inputs: 2, dimension: 2, seed: 2 })),
      },
      ...{ classes: 2, strategy, seed: 1 },
    });
    const features = tf.ones([2, 2]);
    const batch = { a: { features }, b: { features }, labels: tf.tensor1d([0, 1], 'int32') };
    for (const training of [true, false]) {
      for (const method of ['loss', 'logits'] as const) {
        seen.length = 0;
        classifier[method](batch, { training });
        expect(seen).toEqual([training, training, training]);
      }
    }
  });

  it('of three modalities drops each at the rate, and not at one minus it', () => {
    const shares = [0, 0, 0, 0];
    const names = ['a', 'b', 'c'] as const;
    const watch: FusionStrategy = {
      build: () => ({
        dimension: 1,
        fuse: (features) => {
          const total = tf.addN(names.map((name) => features[name]!.present)) as Tensor2D;
          for (const count of total.dataSync()) shares[count]! += 1 / 2000;
          return total;
        },
        namedVariables: () => ({}),
        dispose: () => {},
      }),
    };
    const encoder = (name: string) => denseEncoder(name, { inputs: 2, dimension: 2, seed: 1 });
    const classifier = fusionClassifier({
      encoders: { a: encoder('a'), b: encoder('b'), c: encoder('c') },
      ...{ classes: 2, strategy: watch, modalityDropout: 0.3, seed: 1 },
    });
    const inputs = { features: tf.zeros([2000, 2]) };
    classifier.logits({ a: inputs, b: inputs, c: inputs }, { training: true });
    // Of two modalities a rate and one minus it give the same numbers, since a row that would lose all keeps all.
    const expected = [0, 3 * 0.7 * 0.3 ** 2, 3 * 0.7 ** 2 * 0.3, 0.7 ** 3 + 0.3 ** 3];
    shares.forEach((share, i) => {
      expect(Math.abs(share - expected[i]!)).toBeLessThan(0.05); // five standard deviations
    });
  });

  it('drops modalities when training at about the rate, and never all of a row', () => {
    // The vector of `a` is the constant 1, of `b` likewise: the fused sum says which took part.
    const counts: number[] = [];
    const watch: FusionStrategy = {
      build: () => ({
        dimension: 1,
        fuse: (features) =>
          tf.tidy(() => {
            const total = tf.add(features['a']!.present, features['b']!.present) as Tensor2D;
            counts.push(...total.dataSync());
            return total;
          }),
        namedVariables: () => ({}),
        dispose: () => {},
      }),
    };
    const classifier = fusionClassifier({
      encoders: {
        a: denseEncoder('a', { inputs: 2, dimension: 2, seed: 1 }),
        b: denseEncoder('b', { inputs: 2, dimension: 2, seed: 2 }),
      },
      classes: 2,
      strategy: watch,
      modalityDropout: 0.3,
      seed: 1,
    });
    const features = tf.zeros([2000, 2]);
    const batch = { a: { features }, b: { features } };
    classifier.logits(batch, { training: true });
    expect(Math.min(...counts)).toBe(1);
    // One of two is left with probability 2 * 0.3 * 0.7; none is taken for both.
    const single = counts.filter((count) => count === 1).length / counts.length;
    expect(Math.abs(single - 0.42)).toBeLessThan(0.04);
    counts.length = 0;
    classifier.logits(batch);
    expect(Math.min(...counts)).toBe(2);
  });

  it('classifies raw items, missing ones among them, in batches of any size', async () => {
    const classifier = model();
    const pictures = Array.from({ length: 5 }, (_, i) => seededTensor([2, 4], i).arraySync());
    const sounds = pictures.map((_, i) => (i % 2 === 0 ? seededTensor([3, 3], 40 + i).arraySync() : undefined));
    const whole = await classifier.classifyItems({ image: pictures, audio: sounds }, { batchSize: 5 });
    const pieces = await classifier.classifyItems({ image: pictures, audio: sounds }, { batchSize: 2 });
    expect(whole).toBeAllclose(pieces);
    expect(tf.sum(whole, 1)).toBeAllclose([1, 1, 1, 1, 1]);
    const alone = await classifier.classifyItems({ image: [pictures[1]] });
    expect(alone).toBeAllclose(tf.slice(whole, [1, 0], [1, 3]));
    await expectNoLeak(() => classifier.classifyItems({ image: pictures, audio: sounds }, { batchSize: 2 }));
    await expect(classifier.classifyItems({ image: pictures, audio: sounds.slice(1) })).rejects.toThrow(
      'equally many items, one or more, got image 5, audio 4',
    );
    await expect(classifier.classifyItems({ image: [undefined] })).rejects.toThrow('item 0 has no modality at all');
    await expect(classifier.classifyItems({ video: pictures } as never)).rejects.toThrow("no modality 'video'");
  });

  it('says what is wrong with options and batches', () => {
    const one = { image: sequenceEncoder('image', { inputs: 4, dimension: 5, seed: 1 }) };
    const { image: first } = one;
    const second = denseEncoder('audio', { inputs: 2, dimension: 2, seed: 1 });
    const base = { encoders: { image: first, audio: second }, classes: 3, seed: 1 };
    expect(() => fusionClassifier({ ...base, encoders: one })).toThrow('at least two modalities, got image');
    expect(() => fusionClassifier({ ...base, encoders: { image: first, labels: second } })).toThrow("got 'labels'");
    expect(() => fusionClassifier({ ...base, classes: 1 })).toThrow('classes must be an integer of at least 2, got 1');
    expect(() => fusionClassifier({ ...base, seed: undefined as never })).toThrow('seed must be an integer');
    expect(() => fusionClassifier({ ...base, modalityDropout: 1 })).toThrow('modalityDropout must be in [0, 1), got 1');
    expect(() => fusionClassifier({ ...base, strategie: 1 } as never)).toThrow("did you mean 'strategy'?");
    expect(() => fusionClassifier({ ...base, strategy: crossAttention() })).toThrow(
      'audio encoder must have encodeSequence',
    );
    const classifier = model();
    expect(() => classifier.logits({})).toThrow('at least one of image, audio, got none');
    const short = { frames: tf.zeros([3, 3, 3]), mask: tf.ones([3, 3]) };
    expect(() => classifier.logits({ image: image(), audio: short })).toThrow('one batch size, got image 4, audio 3');
    expect(() => classifier.logits({ image: image(), present: { image: tf.ones([3]) } })).toThrow(
      'present.image must have shape [4], got [3]',
    );
    expect(() => classifier.logits({ image: image(), present: { video: tf.ones([4]) } as never })).toThrow(
      "got 'video'",
    );
    expect(() => classifier.loss({ image: image(), labels: tf.tensor1d([1]) })).toThrow(
      'labels must have shape [4], got [1]',
    );
    expect(() => classifier.loss({ image: image() } as never)).toThrow('got none');
  });

  it('names the width of a sequence that is not the dimension of its encoder, and takes it when told', () => {
    const encoders = {
      image: sequenceEncoder('image', { inputs: 4, dimension: 5, width: 9, seed: 1 }),
      audio: sequenceEncoder('audio', { inputs: 3, dimension: 6, seed: 2 }),
    };
    const build = (strategy: FusionStrategy) => fusionClassifier({ encoders, classes: 3, strategy, seed: 1 });
    const batch = { image: image(), audio: audio() };
    expect(() => build(crossAttention({ dimension: 8, heads: 2 })).logits(batch)).toThrow(
      'the sequence of image must be [batch, length, 5], got [4,2,9]',
    );
    const told = build(crossAttention({ dimension: 8, heads: 2, widths: { image: 9 } }));
    expect(told.logits(batch).shape).toEqual([4, 3]);
  });
});
