import { Random, randomNormal, randomUniform } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { fit } from '@crossmodal/core/train';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { conditionalGan, ganStep, refiningGenerator } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const settings = { conditionDimension: 5, latentDimension: 6, channels: 1, width: 8 };
const matrix = (rows: number, columns: number, seed: number) =>
  randomNormal<Tensor2D>([rows, columns], { random: new Random(seed) });

describe('refiningGenerator', () => {
  it.each([
    [8, 8],
    [8, 16],
    [8, 32],
    [12, 24],
  ])('makes pictures of %d pixels ones of %d, which both inputs decide', (firstSize, size) => {
    const generator = refiningGenerator({ conditionDimension: 5, firstSize, size, width: 4, seed: 1 });
    const picture = randomUniform<Tensor4D>([2, firstSize, firstSize, 3], { random: new Random(1) });
    const condition = matrix(2, 5, 2);
    // By the statistics of the batch: with those of the start next to nothing of the small first weights comes through.
    const apply = (...inputs: tf.Tensor[]) => generator.apply(inputs, { training: true }) as Tensor4D;
    const refined = apply(picture, condition);
    expect(refined.shape).toEqual([2, size, size, 3]);
    expect(Math.max(...tf.abs(refined).dataSync())).toBeLessThan(1);
    const apart = (other: tf.Tensor) => tf.max(tf.abs(tf.sub(other, refined))).dataSync()[0]!;
    expect(apart(apply(picture, condition))).toBe(0);
    expect(apart(apply(tf.square(picture), condition))).toBeGreaterThan(1e-3);
    expect(apart(apply(picture, tf.square(condition)))).toBeGreaterThan(1e-3);
  });

  it.each([
    [{ firstSize: 6 }, 'firstSize must be divisible by 4'],
    [{ firstSize: 8, size: 24 }, 'size that times a power of two, got 8 and 24'],
    [{ firstSize: 8, size: 4 }, 'got 8 and 4'],
    [{ firstSize: 8, blocks: 0 }, 'blocks must be'],
  ])('refuses %o', (options, message) => {
    expect(() => refiningGenerator({ conditionDimension: 5, ...options })).toThrow(message);
  });
});

describe('conditionalGan with a first stage', () => {
  it('draws from what the first stage draws of the same noise, and trains all but it', async () => {
    const first = conditionalGan({ ...settings, size: 8, seed: 1 });
    const model = conditionalGan({ ...settings, firstStage: first.generator, size: 16, seed: 2 });
    const condition = matrix(3, 5, 3);
    const noise = matrix(3, 6, 4);
    const drawn = model.generate(condition, { noise }) as Tensor4D;
    expect(drawn.shape).toEqual([3, 16, 16, 1]);
    // By hand: conditions of length sqrt(dimension), the first picture in [-1, 1], the second in [0, 1].
    const scaled = tf.mul(condition, tf.div(Math.sqrt(5), tf.norm(condition, 2, 1, true)));
    const begun = first.generator.predict([noise, scaled]) as Tensor4D;
    const byHand = tf.div(tf.add(model.generator.predict([begun, scaled]) as Tensor4D, 1), 2);
    expect(drawn).toBeAllclose(byHand, { atol: 1e-5 });

    const before = first.generator.getWeights().map((weight) => weight.dataSync().slice());
    const refining = model.generator.getWeights().map((weight) => weight.dataSync().slice());
    const real = randomUniform<Tensor4D>([32, 16, 16, 1], { random: new Random(5) });
    const step = ganStep(model);
    const data = tensorDataset({ real, condition: matrix(32, 5, 6) }, { batchSize: 16, seed: 1 });
    await fit(step, data, { steps: 3, progress: false });
    first.generator.getWeights().forEach((weight, i) => {
      expect(weight.dataSync()).toEqual(before[i]); // its moving statistics included
    });
    const moved = model.generator
      .getWeights()
      .filter((weight, i) => weight.dataSync().some((v, j) => v !== refining[i]![j]));
    expect(moved.length).toBe(refining.length);
    expect(Object.keys(model.namedVariables()).some((name) => name.startsWith('first/'))).toBe(true);
    expect(Object.keys(model.objectives.generator.namedVariables()).some((name) => name.startsWith('first/'))).toBe(
      false,
    );
    step.dispose();
    model.dispose();
    expect(() => first.generate(condition, { noise })).not.toThrow();
  });

  it('refuses a first stage that takes other noise or conditions, or gives other pictures', () => {
    const first = conditionalGan({ ...settings, size: 8, seed: 1 }).generator;
    const second = (options: object) => () => conditionalGan({ ...settings, firstStage: first, size: 16, ...options });
    expect(second({})).not.toThrow();
    expect(second({ latentDimension: 7 })).toThrow('firstStage must take noise [batch, 7]');
    expect(second({ conditionDimension: 4 })).toThrow('conditions [batch, 4]');
    expect(second({ channels: 3 })).toThrow('square pictures of 3 channels');
  });
});
