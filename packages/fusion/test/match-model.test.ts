import { Random } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { hardestNegatives, matchModel, type NegativeContext, rolledNegatives } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseEncoder, seededTensor } from './encoders.js';

useTestBackend();

const encoders = () => ({
  text: denseEncoder('text', { inputs: 4, dimension: 3, seed: 1 }),
  audio: denseEncoder('audio', { inputs: 5, dimension: 2, seed: 2 }),
});
const batch = () => ({ text: { features: seededTensor([4, 4], 3) }, audio: { features: seededTensor([4, 5], 4) } });

const context = (size: number, logits?: number[][]): NegativeContext => ({
  size,
  random: new Random(1),
  logits: () => tf.tensor2d(logits!),
  negatives: () => tf.sub(1, tf.eye(size)) as Tensor2D,
});

describe('matchModel', () => {
  it('is linear, ReLU, linear on both vectors side by side', () => {
    const towers = encoders();
    const model = matchModel({ encoders: towers, hidden: 6, seed: 1 });
    const inputs = batch();
    const joined = tf.concat([towers.text.encode(inputs.text), towers.audio.encode(inputs.audio)], 1);
    const named = model.namedVariables();
    const dense = (x: tf.Tensor, name: string) =>
      tf.add(tf.matMul(x as Tensor2D, named[`${name}/kernel`] as never), named[`${name}/bias`]!);
    expect(model.logits(inputs)).toBeAllclose(tf.reshape(dense(tf.relu(dense(joined, 'joint')), 'output'), [4]));
  });

  it('scores all pairs as it scores each of them alone', () => {
    const model = matchModel({ encoders: encoders(), hidden: 6, seed: 1 });
    const { text, audio } = batch();
    const scores = model.scores({ text, audio: { features: tf.slice(audio.features, [0, 0], [3, 5]) } });
    expect(scores.shape).toEqual([4, 3]);
    const row = (x: tf.Tensor, i: number) => tf.slice(x as Tensor2D, [i, 0], [1, -1]);
    const single = [0, 1, 2, 3].map((i) =>
      [0, 1, 2].map(
        (j) =>
          model
            .logits({ text: { features: row(text.features, i) }, audio: { features: row(audio.features, j) } })
            .dataSync()[0]!,
      ),
    );
    expect(scores).toBeAllclose(single);
  });

  it('is binary cross entropy over the pairs and as many wrong ones', () => {
    const model = matchModel({
      encoders: encoders(),
      seed: 1,
      negatives: { choose: () => tf.tensor1d([2, 3, 1, 0], 'int32') },
    });
    const scores = model.scores(batch()).arraySync();
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const right = [0, 1, 2, 3].map((i) => softplus(-scores[i]![i]!));
    const wrong = [2, 3, 1, 0].map((j, i) => softplus(scores[i]![j]!));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    expect(model.loss(batch()).loss).toBeAllclose(mean([...right, ...wrong]));
    // Rows 0 and 2 are one group: the pair (0, 2) is no negative and does not count.
    const groups = tf.tensor1d([7, 1, 7, 2], 'int32');
    expect(model.loss({ ...batch(), groups }).loss).toBeAllclose(mean([...right, ...wrong.slice(1)]));
  });

  it('draws dropout and negatives only when training, and leaves nothing behind', async () => {
    const model = matchModel({ encoders: encoders(), dropout: 0.5, negatives: hardestNegatives(), seed: 1 });
    expect(model.loss(batch()).loss).toBeAllclose(model.loss(batch()).loss);
    const inputs = batch();
    const draws = new Set(Array.from({ length: 4 }, () => model.loss(inputs, { training: true }).loss.dataSync()[0]));
    expect(draws.size).toBeGreaterThan(1);
    await expectNoLeak(() => model.loss(inputs, { training: true }));
    const single = { text: { features: tf.zeros([1, 4]) }, audio: { features: tf.zeros([1, 5]) } };
    await expectNoLeakWhenThrowing(() => model.loss(single), /matchModel/);
  });

  it('says what is wrong with options and batches', () => {
    const towers = encoders();
    expect(() => matchModel({ encoders: { text: towers.text }, seed: 1 } as never)).toThrow('exactly two modalities');
    expect(() => matchModel({ encoders: towers, seed: 1, droput: 0.1 } as never)).toThrow("did you mean 'dropout'?");
    expect(() => matchModel({ encoders: towers } as never)).toThrow('seed must be an integer');
    const model = matchModel({ encoders: towers, seed: 1 });
    const { text, audio } = batch();
    expect(() => model.loss({ text } as never)).toThrow('rows must belong together, got text 4, audio 0');
    expect(() => model.scores({ text } as never)).toThrow('needs text and audio, got no audio');
    const three = { features: tf.zeros([3, 5]) };
    expect(() => model.logits({ text, audio: three })).toThrow('got text 4, audio 3');
    expect(() => model.loss({ text, audio, groups: tf.tensor1d([1]) })).toThrow('groups must have shape [4], got [1]');
    for (const bad of [Number.NaN, 0.5, 16777217]) {
      expect(() => model.loss({ text, audio, groups: tf.tensor1d([1, 2, 3, bad]) })).toThrow(
        /labels must be (whole numbers|below 2\^24)/,
      );
    }
    expect(() => model.loss({ text: { features: tf.zeros([1, 4]) }, audio: { features: tf.zeros([1, 5]) } })).toThrow(
      'needs two rows, got 1',
    );
  });
});

describe('rolledNegatives', () => {
  it('never pairs a row with itself, and takes each row once', () => {
    const shared = context(5);
    for (let draw = 0; draw < 20; draw++) {
      const chosen = [...rolledNegatives().choose(shared).dataSync()];
      expect([...chosen].sort()).toEqual([0, 1, 2, 3, 4]);
      chosen.forEach((other, row) => {
        expect(other).not.toBe(row);
      });
    }
    expect(rolledNegatives().choose(context(2))).toBeAllclose(tf.tensor1d([1, 0]));
  });
});

describe('hardestNegatives', () => {
  it('takes the highest logit among those that do not belong together', () => {
    const chosen: Tensor1D = hardestNegatives().choose(
      context(3, [
        [9, 1, 2],
        [4, 9, 3],
        [0, -1, 9],
      ]),
    );
    expect(chosen).toBeAllclose(tf.tensor1d([2, 0, 0]));
  });
});
