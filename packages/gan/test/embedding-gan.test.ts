import { Random, randomNormal } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { l2Normalize } from '@crossmodal/core/layers';
import { fit } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { embeddingGan, ganStep, rPrecision } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

/** Embeddings [rows, 6] and what a fixed, not quite linear map makes of them [rows, 8]. */
function pairs(rows: number, seed: number) {
  const fixed = new Random(1);
  const a = randomNormal<Tensor2D>([rows, 6], { random: new Random(seed) });
  const matrix = randomNormal<Tensor2D>([6, 8], { random: fixed });
  const b = tf.add(tf.matMul(l2Normalize(a), matrix), tf.mul(0.1, tf.relu(tf.matMul(a, matrix)))) as Tensor2D;
  return { a, b };
}

describe('embeddingGan', () => {
  it('maps embeddings it has not seen to their partners; shuffled pairs bring it to chance', async () => {
    const train = pairs(256, 2);
    const test = pairs(100, 3);
    const measure = async (b: Tensor2D) => {
      const model = embeddingGan({
        dimensionA: 6,
        dimensionB: 8,
        hidden: [32],
        discriminatorHidden: [32],
        pairWeight: 4,
        seed: 1,
      });
      const score = async () => (await rPrecision(model.forward(test.a), test.b, { candidates: 10 })).precision;
      const untrained = await score();
      const step = ganStep(model);
      await fit(step, tensorDataset({ a: train.a, b }, { batchSize: 64, seed: 1 }), { steps: 150, progress: false });
      step.applyAverages();
      return { untrained, trained: await score() };
    };
    const { untrained, trained } = await measure(train.b);
    const order = tf.tensor1d(new Random(5).shuffle([...Array(256).keys()]), 'int32');
    const shuffled = await measure(tf.gather(train.b, order));
    expect(untrained).toBeLessThan(0.3);
    expect(trained).toBeGreaterThan(0.6);
    expect(shuffled.trained).toBeLessThan(0.35);
  });

  it('returns to the start by the way back, when cycles count', async () => {
    const { a, b } = pairs(256, 2);
    const model = embeddingGan({
      dimensionA: 6,
      dimensionB: 8,
      hidden: [32],
      discriminatorHidden: [32],
      pairWeight: 0,
      cycleWeight: 5,
      seed: 1,
    });
    const near = () => {
      const returned = model.backward(model.forward(a));
      return tf.mean(tf.sum(tf.mul(returned, l2Normalize(a)), 1)).dataSync()[0] as number;
    };
    const untrained = near();
    const step = ganStep(model);
    await fit(step, tensorDataset({ a, b }, { batchSize: 64, seed: 1 }), { steps: 150, progress: false });
    step.applyAverages();
    expect(untrained).toBeLessThan(0.5);
    expect(near()).toBeGreaterThan(0.9);
    const { loss, adversarial, cycle } = model.objectives.generator.loss({ a, b });
    expect(loss).toBeAllclose(tf.add(adversarial!, tf.mul(5, cycle!)), { rtol: 1e-5 });
  });

  it('gives rows of length one, names bad input, leaves nothing behind', async () => {
    const model = embeddingGan({ dimensionA: 6, dimensionB: 8, hidden: [], seed: 1 });
    const { a, b } = pairs(10, 4);
    expect(tf.norm(model.forward(a), 2, 1)).toBeAllclose(tf.ones([10]), { rtol: 1e-5 });
    expect(model.forward(tf.mul(a, 3))).toBeAllclose(model.forward(a), { rtol: 1e-4, atol: 1e-6 });
    expect(() => model.backward(b)).toThrow('set cycleWeight above 0');
    expect(() => model.forward(b)).toThrow('a must be [batch, 6], got [10,8]');
    expect(() => model.objectives.generator.loss({ a, b: tf.slice(b, 0, 4) })).toThrow(
      'set pairWeight to 0 for unpaired embeddings',
    );
    expect(() => embeddingGan({ dimensionA: 0, dimensionB: 8 })).toThrow(
      'dimensionA must be an integer of at least 1, got 0',
    );
    expect(() => embeddingGan({ dimensionA: 2, dimensionB: 8, pairWeight: -1 })).toThrow('must not be negative');
    await expectNoLeak(() => model.objectives.generator.loss({ a, b }));
    await expectNoLeak(() => model.objectives.discriminator.loss({ a, b }));
    await expectNoLeakWhenThrowing(() => model.forward(b), 'forward: a must be [batch, 6]');
    const before = tf.memory().numTensors;
    embeddingGan({ dimensionA: 6, dimensionB: 8, cycleWeight: 1 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
