import { Random, randomNormal } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { fit, type TrainStep } from '@crossmodal/core/train';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type ConditionalGan,
  type ConditionalGanBatch,
  conditionalGan,
  denseDiscriminator,
  denseGenerator,
  gan,
  ganStep,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

/** Four conditions, one-hot, each asking for points around its own corner of a square. */
const corners = [
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
];

function points(rows: number, seed: number, { shuffled = false } = {}) {
  const random = new Random(seed);
  const classes = Array.from({ length: rows }, () => random.integer(4));
  const asked = shuffled ? random.shuffle(classes) : classes;
  return {
    real: tf.add(
      tf.tensor2d(classes.map((c) => corners[c] as number[])),
      randomNormal([rows, 2], { random, standardDeviation: 0.15 }),
    ),
    condition: tf.oneHot(tf.tensor1d(asked, 'int32'), 4) as Tensor2D,
  };
}

function squareGan(seed: number): ConditionalGan {
  return conditionalGan({
    conditionDimension: 4,
    latentDimension: 4,
    generator: denseGenerator({
      outputDimension: 2,
      latentDimension: 4,
      conditionDimension: 4,
      hidden: [32],
      activation: 'linear',
      seed,
    }),
    discriminator: denseDiscriminator({ inputDimension: 2, conditionDimension: 4, hidden: [32, 32], seed }),
    seed,
  });
}

/** Share of generated points that lie nearest to the corner they were asked for. */
function consistency(model: ConditionalGan): number {
  return tf.tidy(() => {
    const asked = Array.from({ length: 200 }, (_, i) => i % 4);
    const condition = tf.oneHot(tf.tensor1d(asked, 'int32'), 4) as Tensor2D;
    const made = model.generate(condition, { random: new Random(99) }) as Tensor2D;
    const distances = tf.sum(tf.square(tf.sub(tf.expandDims(made, 1), tf.tensor2d(corners))), 2);
    const nearest = tf.argMin(distances, 1).dataSync();
    return asked.filter((c, i) => nearest[i] === c).length / asked.length;
  });
}

async function train(
  model: ConditionalGan,
  { shuffled = false, steps = 250 } = {},
): Promise<TrainStep<ConditionalGanBatch>> {
  const step = ganStep(model, { generatorRate: 2e-3, discriminatorRate: 2e-3 });
  const { real, condition } = tf.tidy(() => points(512, 7, { shuffled }));
  const data = tensorDataset({ real, condition }, { batchSize: 64, seed: 1 });
  tf.dispose([real, condition]);
  await fit(step, data, { steps, progress: false });
  return step;
}

describe('a conditional GAN of points', () => {
  it('learns to follow its condition; with shuffled conditions it does not', async () => {
    const model = squareGan(1);
    const untrained = consistency(model);
    (await train(model)).applyAverages();
    const trained = consistency(model);
    const control = squareGan(1);
    (await train(control, { shuffled: true })).applyAverages();
    expect(untrained).toBeLessThan(0.6);
    expect(trained).toBeGreaterThan(0.9);
    expect(Math.abs(consistency(control) - 0.25)).toBeLessThan(0.2);
  });

  it('is the same for the same seed and another for another', async () => {
    const weights = async (seed: number) => {
      const model = squareGan(seed);
      await train(model, { steps: 4 });
      return Object.values(model.namedVariables()).flatMap((variable) => [...variable.dataSync()]);
    };
    const first = await weights(3);
    expect(await weights(3)).toEqual(first);
    expect(await weights(4)).not.toEqual(first);
  });

  it('generates with the averaged weights, and leaves the trained ones as they are', async () => {
    const model = squareGan(5);
    const step = await train(model, { steps: 40 });
    const { condition } = points(8, 3);
    const before = Object.values(model.objectives.generator.namedVariables()).map((v) => v.dataSync().slice());
    const draw = () => model.generate(condition, { random: new Random(1) });
    const averaged = await step.withAverages(draw);
    const plain = draw();
    expect(Object.values(model.objectives.generator.namedVariables()).map((v) => v.dataSync().slice())).toEqual(before);
    expect((tf.max(tf.abs(tf.sub(averaged, plain))).dataSync()[0] as number) > 1e-3).toBe(true);
    step.applyAverages();
    step.dispose();
    expect(draw()).toBeAllclose(averaged, { rtol: 1e-5, atol: 1e-6 });
    expect(() => model.generate(tf.zeros([2, 3]), { random: new Random(1) })).toThrow('condition must be');
  });

  it('takes all it made with it', async () => {
    const run = async () => {
      const model = squareGan(5);
      const step = await train(model, { steps: 4 });
      step.dispose();
      model.dispose();
    };
    await run();
    const before = tf.memory().numTensors;
    await run();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on after a restart as if nothing had happened', async () => {
    const data = points(64, 9);
    const straight = squareGan(6);
    const whole = ganStep(straight, { discriminatorSteps: 2 });
    for (let i = 0; i < 6; i++) tf.dispose(whole.run(data));
    const expected = straight.namedVariables();
    const resumed = squareGan(6);
    const right = ganStep(resumed, { discriminatorSteps: 2 });
    const half = ganStep(squareGan(6), { discriminatorSteps: 2 });
    for (let i = 0; i < 3; i++) tf.dispose(half.run(data));
    const state = half.namedState();
    for (const [name, variable] of Object.entries(right.namedState())) variable.assign(tf.clone(state[name] as Tensor));
    right.restoreHostState(half.hostState());
    for (let i = 0; i < 3; i++) tf.dispose(right.run(data));
    for (const [name, variable] of Object.entries(resumed.namedVariables())) {
      expect([name, variable.dataSync()]).toEqual([name, expected[name]!.dataSync()]);
    }
  });
});

describe('an unconditional GAN', () => {
  it('moves its samples onto the data', async () => {
    const target = () => tf.add(randomNormal([512, 2], { random: new Random(2), standardDeviation: 0.2 }), [2, -1]);
    const model = gan({
      generator: denseGenerator({
        outputDimension: 2,
        latentDimension: 3,
        hidden: [16],
        activation: 'linear',
        seed: 1,
      }),
      discriminator: denseDiscriminator({ inputDimension: 2, hidden: [32], seed: 1 }),
      seed: 1,
    });
    const off = () => {
      const mean = tf.mean(model.generate(300, { random: new Random(5) }), 0).dataSync();
      return Math.hypot((mean[0] as number) - 2, (mean[1] as number) + 1);
    };
    const untrained = off();
    const step = ganStep(model, { generatorRate: 2e-3, discriminatorRate: 2e-3 });
    await fit(step, tensorDataset({ real: target() }, { batchSize: 64, seed: 1 }), { steps: 300, progress: false });
    step.applyAverages();
    expect(untrained).toBeGreaterThan(1.5);
    expect(off()).toBeLessThan(0.6);
    expect(model.score(target()).shape).toEqual([512]);
    expect(() =>
      gan({
        generator: denseGenerator({ outputDimension: 2, conditionDimension: 3 }),
        discriminator: denseDiscriminator({ inputDimension: 2 }),
      }),
    ).toThrow('use conditionalGan for a generator with a condition');
  });
});
