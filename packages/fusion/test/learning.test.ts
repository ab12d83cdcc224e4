import { Random } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  concatenation,
  crossAttention,
  type FusionBatch,
  fusionClassifier,
  gated,
  hardestNegatives,
  lowRankBilinear,
  type MatchBatch,
  matchModel,
  rolledNegatives,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseEncoder, sequenceEncoder } from './encoders.js';
import { train } from './train.js';

useTestBackend('cpu');

/** Each modality holds one bit; the class is whether they are equal, so one of them alone says nothing. */
function equalBits(rows: number, seed: number, { shuffled = false } = {}) {
  const random = new Random(seed);
  const bits = Array.from({ length: rows }, () => [random.integer(2), random.integer(2)] as const);
  const place = (bit: number) => [0, 1].map((column) => (column === bit ? 1.5 : 0) + 0.2 * random.normal());
  const frames = (modality: 0 | 1) =>
    tf.tensor3d(bits.map((row) => [place(row[modality]), [0.2 * random.normal(), 0.2 * random.normal()]]));
  const mask = () => tf.ones([rows, 2]);
  const labels = bits.map(([a, b]) => Number(a === b));
  return {
    a: { frames: frames(0), mask: mask() },
    b: { frames: frames(1), mask: mask() },
    labels: tf.tensor1d(shuffled ? random.shuffle(labels) : labels, 'int32'),
  };
}

describe('a fusion classifier', () => {
  const strategies = {
    concatenation,
    gated: () => gated({ dimension: 16 }),
    lowRankBilinear: () => lowRankBilinear({ rank: 16 }),
    crossAttention: () => crossAttention({ dimension: 16, heads: 2 }),
  };
  const accuracy = async (name: keyof typeof strategies, { shuffled = false } = {}) => {
    const model = fusionClassifier({
      encoders: {
        a: sequenceEncoder('a', { inputs: 2, dimension: 8, seed: 1 }),
        b: sequenceEncoder('b', { inputs: 2, dimension: 8, seed: 2 }),
      },
      classes: 2,
      hidden: [32],
      dropout: 0.1,
      strategy: strategies[name](),
      seed: 1,
    });
    await train<FusionBatch<'a' | 'b'>>(model, equalBits(512, 1, { shuffled }), { steps: 200, batchSize: 64 });
    const test = equalBits(512, 2);
    const terms = model.loss(test);
    const [both, loss] = [(await terms.accuracy!.data())[0]!, (await terms.loss.data())[0]!];
    const alone = (await model.loss({ a: test.a, labels: test.labels }).accuracy!.data())[0]!;
    model.dispose();
    return { both, alone, loss };
  };

  it.each(Object.keys(strategies) as (keyof typeof strategies)[])(
    'with %s learns what neither modality knows alone',
    async (name) => {
      const { both, alone } = await accuracy(name);
      expect(both).toBeGreaterThan(0.95);
      expect(alone).toBeLessThan(0.6);
    },
  );

  it('learns nothing from shuffled labels', async () => {
    // Accuracy would be a matter of luck, as each of the four combinations leans one way: the loss is not.
    const learned = await accuracy('concatenation');
    const control = await accuracy('concatenation', { shuffled: true });
    expect(learned.loss).toBeLessThan(0.2);
    expect(control.loss).toBeGreaterThan(0.6); // guessing: log 2
  });
});

describe('a match model', () => {
  /** Both modalities show one of eight classes in their own way. */
  const pairs = (rows: number, seed: number, { shuffled = false } = {}) => {
    const random = new Random(seed);
    const classes = Array.from({ length: rows }, () => random.integer(8));
    const other = shuffled ? random.shuffle(classes) : classes;
    const show = (list: number[], shift: number) =>
      tf.tensor2d(
        list.map((c) => Array.from({ length: 8 }, (_, d) => Number(d === (c + shift) % 8) + 0.2 * random.normal())),
      );
    return {
      text: { features: show(classes, 0) },
      audio: { features: show(other, 3) },
      groups: tf.tensor1d(classes, 'int32'),
    };
  };
  const separation = async (negatives = rolledNegatives(), { shuffled = false } = {}) => {
    const model = matchModel({
      encoders: {
        text: denseEncoder('text', { inputs: 8, dimension: 16, seed: 1 }),
        audio: denseEncoder('audio', { inputs: 8, dimension: 16, seed: 2 }),
      },
      hidden: 32,
      negatives,
      seed: 1,
    });
    await train<MatchBatch<'text' | 'audio'>>(model, pairs(512, 1, { shuffled }), { steps: 300, batchSize: 64 });
    const { groups, ...test } = pairs(200, 2);
    const scores = model.scores(test) as Tensor2D;
    const same = tf.equal(tf.expandDims(groups as Tensor1D, 1), tf.expandDims(groups as Tensor1D, 0));
    const decided = tf.cast(tf.equal(tf.greater(scores, 0), same), 'float32');
    const weights = tf.where(
      same,
      tf.div(0.5, tf.sum(tf.cast(same, 'float32'))),
      tf.div(0.5, tf.sum(tf.sub(1, tf.cast(same, 'float32')))),
    );
    const balanced = (await tf.sum(tf.mul(decided, weights)).data())[0]!;
    model.dispose();
    return balanced;
  };

  it('tells matching from other pairs of new items, with either choice of negatives', async () => {
    expect(await separation(rolledNegatives())).toBeGreaterThan(0.95);
    expect(await separation(hardestNegatives())).toBeGreaterThan(0.9);
  });

  it('learns nothing from shuffled pairs', async () => {
    expect(Math.abs((await separation(rolledNegatives(), { shuffled: true })) - 0.5)).toBeLessThan(0.2);
  });
});
