import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { namedVariables, Random, randomNormal, type Trainable, trainableVariables } from '../../src/index.js';
import { adam, adamW, sgd } from '../../src/optimisers/index.js';
import { scheduledScalar } from '../../src/schedules/index.js';
import {
  accumulate,
  alternatingStep,
  average,
  clipByNorm,
  clipByValue,
  compileStep,
  type GradientTransform,
  trainStep,
} from '../../src/train/index.js';
import { backends, useBackend, useBackendHere } from '../device/backends.js';

const noise = (shape: number[], seed = 1): Tensor => randomNormal(shape, { random: new Random(seed) });
const value = (scalar: Scalar | undefined): number => scalar!.dataSync()[0]!;

interface Batch extends tf.TensorContainerObject {
  x: Tensor2D;
  y: Tensor2D;
}

function problem(rows = 8): { w: tf.Variable; b: tf.Variable; batch: Batch; loss: (batch: Batch) => Scalar } {
  const w = tf.variable(noise([3, 2], 2));
  const b = tf.variable(tf.zeros([2]));
  const x = noise([rows, 3], 3) as Tensor2D;
  const batch: Batch = { x, y: noise([rows, 2], 4) as Tensor2D };
  const loss = ({ x: input, y }: Batch) =>
    tf.mean(tf.squaredDifference(tf.add(tf.matMul(input, w as unknown as Tensor2D), b), y)) as Scalar;
  return { w, b, batch, loss };
}

describe.each(backends)('on %s', (device) => {
  useBackendHere(device);

  test('a step is gradient descent, written out', () => {
    const { w, b, batch, loss } = problem();
    const step = trainStep<Batch>({ loss, variables: [w, b] }, { optimizer: sgd({ learningRate: 0.1 }) });
    const expected = [w.clone(), b.clone()];
    for (let i = 0; i < 5; i++) {
      const before = value(loss(batch));
      const { grads } = tf.variableGrads(() => loss(batch), [w, b]);
      expected[0] = tf.sub(expected[0]!, tf.mul(grads[w.name]!, 0.1));
      expected[1] = tf.sub(expected[1]!, tf.mul(grads[b.name]!, 0.1));
      const metrics = step.run(batch);
      expect(value(metrics['loss'] as Scalar)).toBeCloseTo(before, 5);
      expect(w).toBeAllclose(expected[0]);
      expect(b).toBeAllclose(expected[1]);
    }
    step.dispose();
  });

  test('the learning rate of a schedule is read anew at each step', () => {
    const { w, batch } = problem();
    const start = w.clone();
    // The gradient of the sum is one everywhere: the weights move by the learning rate.
    const step = trainStep<Batch>(
      { loss: () => tf.sum(w) as Scalar, variables: [w] },
      { optimizer: sgd({ learningRate: (k) => 1 / (k + 1) }) },
    );
    let moved = 0;
    for (let k = 0; k < 6; k++) {
      expect(step.learningRates?.()).toEqual({ learningRate: 1 / (k + 1) });
      tf.dispose(step.run(batch));
      moved += 1 / (k + 1);
      expect(tf.sub(start, w)).toBeAllclose(tf.fill([3, 2], moved), { rtol: 1e-5 });
    }
    step.dispose();
  });

  test('scheduled weights and random numbers change from step to step', () => {
    const { w, batch } = problem();
    const random = new Random(9);
    const step = trainStep<Batch>(
      {
        loss: () => ({
          loss: tf.mul(
            tf.sum(w),
            scheduledScalar((k) => k),
          ) as Scalar,
          weight: scheduledScalar((k) => k),
          draw: tf.sum(randomNormal([2], { random })) as Scalar,
        }),
        variables: [w],
      },
      { optimizer: sgd({ learningRate: 0.1 }) },
    );
    const draws: number[] = [];
    for (let k = 0; k < 6; k++) {
      const metrics = step.run(batch);
      expect(value(metrics['weight'])).toBe(k);
      draws.push(value(metrics['draw']));
    }
    expect(new Set(draws).size).toBe(6);
    // Another step with the same seed, however often it was traced, draws the same.
    const again = trainStep<Batch>(
      {
        loss: () => ({
          loss: tf.sum(w) as Scalar,
          draw: tf.sum(randomNormal([2], { random: new Random(9) })) as Scalar,
        }),
        variables: [w],
      },
      { optimizer: sgd({ learningRate: 0 }) },
    );
    expect(Array.from({ length: 6 }, () => value(again.run(batch)['draw']))).toEqual(draws);
    step.dispose();
    again.dispose();
  });

  test('accumulated micro-batches equal one large batch', () => {
    const whole = problem(8);
    const parts = problem(8);
    const large = trainStep<Batch>(
      { loss: whole.loss, variables: [whole.w, whole.b] },
      { optimizer: adam({ learningRate: 0.05 }) },
    );
    const small = trainStep<Batch>(
      { loss: parts.loss, variables: [parts.w, parts.b] },
      { optimizer: adam({ learningRate: 0.05 }), transforms: [accumulate(4)] },
    );
    const pieces = [0, 2, 4, 6].map((row) => ({
      x: tf.slice(whole.batch.x, [row, 0], [2, 3]),
      y: tf.slice(whole.batch.y, [row, 0], [2, 2]),
    }));
    for (let i = 0; i < 4; i++) {
      large.run(whole.batch);
      for (const piece of pieces) small.run(piece);
      expect(parts.w).toBeAllclose(whole.w, { rtol: 1e-4, atol: 1e-5 });
    }
    expect(small.hostState()).toEqual({ runs: 16, updates: 4 });
    expect(Object.keys(small.namedState()).filter((name) => name.startsWith('accumulate/'))).toHaveLength(2);
    large.dispose();
    small.dispose();
  });

  test('clipping bounds the step and reports the norm', () => {
    const { w, b, batch } = problem();
    const step = trainStep<Batch>(
      { loss: () => tf.mul(tf.sum(w), 100) as Scalar, variables: { w } },
      { optimizer: sgd({ learningRate: 1 }), transforms: [clipByNorm(2)] },
    );
    const before = w.clone();
    for (let i = 0; i < 3; i++) {
      const metrics = step.run(batch);
      expect(value(metrics['gradientNorm'])).toBeCloseTo(100 * Math.sqrt(6), 1);
    }
    expect(tf.norm(tf.sub(w, before)).dataSync()[0]).toBeCloseTo(6, 3);
    const bounded = trainStep<Batch>(
      { loss: () => tf.mul(tf.sum(b), -100) as Scalar, variables: { b } },
      { optimizer: sgd({ learningRate: 1 }), transforms: [clipByValue(0.5)] },
    );
    for (let i = 0; i < 3; i++) bounded.run(batch);
    expect(b).toBeAllclose([1.5, 1.5]);
    step.dispose();
    bounded.dispose();
  });

  test('averages follow the weights and can stand in for them', async () => {
    const { w, batch } = problem();
    const step = trainStep<Batch>(
      { loss: () => tf.sum(w) as Scalar, variables: { w } },
      { optimizer: sgd({ learningRate: 1 }), transforms: [average({ decay: 0.5 })] },
    );
    const start = w.clone();
    for (let i = 0; i < 4; i++) step.run(batch);
    // w goes down by 1 each step; the average lags by 1/2 + 1/4 + ...
    const lag = 1 - 0.5 ** 4;
    expect(step.averages()['w']).toBeAllclose(tf.sub(start, 4 - lag), { atol: 1e-5 });
    await step.withAverages(() => expect(w).toBeAllclose(tf.sub(start, 4 - lag), { atol: 1e-5 }));
    expect(w).toBeAllclose(tf.sub(start, 4), { atol: 1e-5 });
    step.run(batch);
    expect(w).toBeAllclose(tf.sub(start, 5), { atol: 1e-5 });
    step.applyAverages();
    const taken = tf.sub(start, 5 - (1 - 0.5 ** 5));
    expect(w).toBeAllclose(taken, { atol: 1e-5 });
    step.run(batch);
    expect(w).toBeAllclose(tf.sub(taken, 1), { atol: 1e-5 });
    step.dispose();
  });

  test('a variable made from a clone of another is a variable of its own', () => {
    const { w, batch } = problem();
    const target = tf.variable(tf.clone(w), false);
    const start = w.clone();
    const step = trainStep<Batch>(
      {
        loss: () => {
          target.assign(tf.add(tf.mul(target, 0.5), tf.mul(w, 0.5)));
          return tf.sum(w) as Scalar;
        },
        variables: { w },
      },
      { optimizer: sgd({ learningRate: 1 }) },
    );
    for (let i = 0; i < 3; i++) step.run(batch);
    expect(w).toBeAllclose(tf.sub(start, 3), { atol: 1e-5 });
    expect(target).toBeAllclose(tf.sub(start, 1.25), { atol: 1e-5 });
    step.dispose();
  });

  test('parameter groups: rates, decay, frozen parts', () => {
    const { w, b, batch } = problem();
    const step = trainStep<Batch>(
      { loss: () => tf.add(tf.sum(w), tf.sum(b)) as Scalar, variables: { 'encoder/w': w, 'head/b': b } },
      {
        optimizer: sgd({
          learningRate: 0.1,
          groups: [
            { match: /^encoder/, frozen: true },
            { match: 'head', learningRateFactor: 3 },
          ],
        }),
      },
    );
    const before = w.clone();
    for (let i = 0; i < 3; i++) step.run(batch);
    expect(w).toBeAllclose(before, { rtol: 0, atol: 0 });
    expect(b).toBeAllclose([-0.9, -0.9]);
    step.dispose();
  });

  test('a model of tfjs-layers with batch normalisation and dropout trains, and its state is complete', () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.dense({ units: 8, inputShape: [3], kernelInitializer: tfl.initializers.glorotUniform({ seed: 1 }) }),
        tfl.layers.batchNormalization({}),
        tfl.layers.reLU(),
        tfl.layers.dense({ units: 2, kernelInitializer: tfl.initializers.glorotUniform({ seed: 2 }) }),
      ],
    });
    const { batch } = problem(16);
    const step = trainStep<Batch>(
      {
        loss: ({ x, y }, { training }) =>
          tf.losses.meanSquaredError(y, model.apply(x, { training }) as Tensor) as Scalar,
        variables: () => namedVariables(model),
      },
      { optimizer: adamW({ learningRate: 0.02 }) },
    );
    const losses = Array.from({ length: 40 }, () => value(step.run(batch)['loss']));
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const names = Object.keys(step.namedState());
    expect(names).toContain('model/batch_normalization/moving_mean');
    expect(names).toContain('optimizer/dense_1/kernel/second');
    expect(names).toHaveLength(8 + 2 * 6);
    step.dispose();
    model.dispose();
  });

  test('optimisers of TensorFlow.js work too, but cannot be saved', () => {
    const { w, b, batch, loss } = problem();
    const step = trainStep<Batch>({ loss, variables: [w, b] }, { optimizer: tf.train.momentum(0.1, 0.9) });
    const losses = Array.from({ length: 20 }, () => value(step.run(batch)['loss']));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(() => step.namedState()).toThrow('use an optimiser of this package');
    step.dispose();
  });

  test('nothing is left behind, nor by a step that throws', async () => {
    const { w, b, batch, loss } = problem();
    const step = trainStep<Batch>(
      {
        loss: (given) => {
          const total = loss(given);
          return { loss: total, half: tf.mul(total, 0.5) as Scalar };
        },
        variables: [w, b],
      },
      { optimizer: adamW({ learningRate: 0.1 }), transforms: [clipByNorm(1), average({ decay: 0.9 })] },
    );
    tf.dispose(step.run(batch));
    tf.dispose(step.run(batch));
    await expectNoLeak(() => step.run(batch));
    const wrong = trainStep<Batch>(
      { loss: () => ({ loss: tf.sum(w) as Scalar, term: tf.zeros([3]) as unknown as Scalar }), variables: [w] },
      { optimizer: sgd({ learningRate: 0.1 }) },
    );
    await expectNoLeakWhenThrowing(() => wrong.run(batch), "the term 'term' must be a scalar");
    step.dispose();
    wrong.dispose();
  });
});

describe.each(backends)('the model, on %s', (device) => {
  useBackendHere(device);

  test('is told that it trains, and its variables are trained as their flags say', () => {
    const [w, statistic] = [tf.variable(tf.scalar(2)), tf.variable(tf.scalar(0), false)];
    const told: (boolean | undefined)[] = [];
    const model: Trainable<object> = {
      loss(_, { training } = {}) {
        told.push(training);
        statistic.assign(tf.add(statistic, 1));
        return { loss: tf.square(w) as Scalar };
      },
      namedVariables: () => ({ w, statistic }),
    };
    const step = trainStep(model, { optimizer: sgd({ learningRate: 0.25 }) });
    expect(Object.keys(step.namedState())).toEqual(['model/w', 'model/statistic']);
    for (let i = 0; i < 3; i++) tf.dispose(step.run({}));
    expect(new Set(told)).toEqual(new Set([true]));
    expect(w.dataSync()[0]).toBeCloseTo(2 * 0.5 ** 3, 6);
    expect(statistic.dataSync()[0]).toBe(3);
    step.dispose();
  });

  test('a variable with two names is moved once', () => {
    const w = tf.variable(tf.scalar(1));
    const step = trainStep(
      { loss: (_: object) => tf.mul(w, 1) as Scalar, variables: { encoder: w, decoder: w } },
      { optimizer: sgd({ learningRate: 0.1 }) },
    );
    tf.dispose(step.run({}));
    expect(w.dataSync()[0]).toBeCloseTo(0.9, 6);
    step.dispose();
  });
});

describe.each(backends)('transforms, on %s', (device) => {
  useBackendHere(device);

  /** Gradients of `{ w }` are what the batch says: three steps of (3, 4). */
  const moved = (transforms: readonly GradientTransform[], steps = 2): number[] => {
    const w = tf.variable(tf.zeros([2]));
    const step = trainStep(
      { loss: ({ g }: { g: tf.Tensor1D }) => tf.sum(tf.mul(w, g)) as Scalar, variables: { w } },
      { optimizer: sgd({ learningRate: 1 }), transforms },
    );
    for (let i = 0; i < steps; i++) tf.dispose(step.run({ g: tf.tensor1d(i % 2 === 0 ? [3, 4] : [0, 1]) }));
    step.dispose();
    return Array.from(w.dataSync(), (x) => Number(x.toFixed(4)));
  };

  test('are done in their order', () => {
    // Each batch's gradient is clipped, then averaged: ((.6, .8) + (0, 1)) / 2; or the mean (1.5, 2.5) is clipped.
    expect(moved([clipByNorm(1), accumulate(2)])).toEqual([-0.3, -0.9]);
    const norm = Math.hypot(1.5, 2.5);
    const expected = [-1.5 / norm, -2.5 / norm].map((x) => Number(x.toFixed(4)));
    expect(moved([accumulate(2), clipByNorm(1)])).toEqual(expected);
  });

  test('of one kind stand beside each other, each with its own state and metric', () => {
    const w = tf.variable(tf.zeros([2]));
    const step = trainStep(
      { loss: (_: object) => tf.mul(tf.sum(w), 3) as Scalar, variables: { w } },
      { optimizer: sgd({ learningRate: 1 }), transforms: [accumulate(2), clipByNorm(2), accumulate(2), clipByNorm(1)] },
    );
    const names = [1, 2, 3, 4].map(() => Object.keys(step.run({})).sort());
    expect(names[0]).toEqual(['loss']);
    expect(names[1]).toEqual(['gradientNorm', 'loss']);
    expect(names[3]).toEqual(['gradientNorm', 'gradientNorm_1', 'loss']);
    expect(step.hostState()).toEqual({ runs: 4, updates: 1 });
    expect(tf.norm(w).dataSync()[0]).toBeCloseTo(1, 5);
    expect(Object.keys(step.namedState())).toEqual(['model/w', 'accumulate/w', 'accumulate_1/w']);
    step.dispose();
  });

  test('a user writes another: gradient noise', () => {
    const gradientNoise = (deviation: number, seed: number): GradientTransform => ({
      name: 'gradientNoise',
      init() {
        const random = new Random(seed);
        const noisy = (gradient: Tensor) =>
          tf.add(gradient, randomNormal(gradient.shape, { random, standardDeviation: deviation }));
        return {
          update: (gradients) => ({
            gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, noisy(gradient)])),
          }),
        };
      },
    });
    const plain = moved([], 6);
    const noisy = moved([gradientNoise(0.1, 1)], 6);
    expect(noisy).not.toEqual(plain);
    noisy.forEach((x, i) => {
      expect(Math.abs(x - plain[i]!)).toBeLessThan(1);
    });
    // The noise is drawn anew at each replay, and the same in another step of that seed.
    expect(moved([gradientNoise(0.1, 1)], 6)).toEqual(noisy);
    expect(moved([gradientNoise(0.1, 1)], 1)).not.toEqual(noisy.map((x) => Number((x / 6).toFixed(4))));
  });

  test('value before norm, and no gradient above its limit', () => {
    expect(moved([clipByValue(2)], 1)).toEqual([-2, -2]);
    expect(moved([clipByNorm(1, { order: Number.POSITIVE_INFINITY })], 1)).toEqual([-0.75, -1]);
    expect(moved([clipByNorm(1, { order: 1 })], 1)).toEqual([-0.4286, -0.5714]);
  });
});

describe('refusals', () => {
  beforeAll(() => tf.setBackend('cpu'));
  const optimizer = () => sgd({ learningRate: 0.1 });

  test('a loss that does not depend on the variables', () => {
    const { w, b, batch } = problem();
    const step = trainStep<Batch>({ loss: () => tf.sum(b) as Scalar, variables: [w] }, { optimizer: optimizer() });
    expect(() => step.run(batch)).toThrow('the loss does not depend on any of the variables');
  });

  test('a loss that is not a scalar', () => {
    const { w, batch } = problem();
    const step = trainStep<Batch>({ loss: () => w as unknown as Scalar, variables: [w] }, { optimizer: optimizer() });
    expect(() => step.run(batch)).toThrow("the term 'loss' must be a scalar, got a tensor of shape [3,2]; reduce it");
  });

  test('settings out of range', () => {
    const { w, batch, loss } = problem();
    expect(() => accumulate(0)).toThrow('accumulate: batches must be an integer of at least 1, got 0');
    expect(() => clipByNorm(-1)).toThrow('clipByNorm: limit must be a positive number, got -1');
    expect(() => clipByValue(0)).toThrow('clipByValue: limit must be a positive number, got 0');
    expect(() => average({ decay: 1 })).toThrow('average: decay must be in [0, 1), got 1');
    const model = { loss, variables: [w] };
    expect(() => trainStep(model, { optimizer: 'adam' as never })).toThrow(
      'trainStep: optimizer must be a tf.Optimizer',
    );
    expect(() => sgd({ learningRate: Number.NaN })).toThrow('learningRate must be a number >= 0');
    const frozen = sgd({ learningRate: 0.1, groups: [{ match: /./, frozen: true }] });
    expect(() => trainStep(model, { optimizer: frozen }).run(batch)).toThrow(
      'trainStep: none of the 1 variables is trainable',
    );
    const groups = [{ match: /head/, weightDecay: 0 }];
    const unmatched = trainStep(model, { optimizer: sgd({ learningRate: 0.1, groups }) });
    expect(() => unmatched.run(batch)).toThrow(
      'trainStep: the parameter group /head/ matches none of the 1 variables: variables/0',
    );
    const layer = tfl.layers.dense({ units: 1 });
    expect(() => trainableVariables(layer)).toThrow('has no weights yet');
  });

  test('options and models that do not exist', () => {
    const { w, loss } = problem();
    const model = { loss, variables: [w] };
    expect(() => trainStep(model, { optimiser: optimizer() } as never)).toThrow(
      "trainStep: there is no option 'optimiser', the options are optimizer, transforms, compile; did you mean 'optimizer'?",
    );
    expect(() => trainStep(model, { optimizer: optimizer(), transforms: [{ decay: 0.9 }] } as never)).toThrow(
      'trainStep: transforms must be a list of gradient transforms, got {"decay":0.9}',
    );
    expect(() => trainStep({ loss } as never, { optimizer: optimizer() })).toThrow(
      'trainStep: the model must have loss and namedVariables, or be { loss, variables }, got loss',
    );
    expect(() => alternatingStep(model as never, { objectives: {} })).toThrow(
      'alternatingStep: the model must have objectives and namedVariables, got loss, variables; a model of one loss is trained by trainStep',
    );
    expect(() => average({ decy: 0.9 } as never)).toThrow("did you mean 'decay'?");
    expect(() => clipByNorm(1, { ordr: 1 } as never)).toThrow("did you mean 'order'?");
  });
});

describe.each(backends)('what a compiled step cannot follow, on %s', (device) => {
  useBackendHere(device);

  test('a weight frozen or unfrozen after the first step', () => {
    const [w, v] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1), false)];
    const step = trainStep(
      { loss: (_: object) => tf.square(tf.add(w, v)) as Scalar, variables: { w, v } },
      { optimizer: sgd({ learningRate: 0.1 }) },
    );
    tf.dispose(step.run({}));
    v.trainable = true;
    expect(() => step.run({})).toThrow("'v' was unfrozen after the first step");
    v.trainable = false;
    tf.dispose(step.run({}));
    step.dispose();
  });

  test('updates are counted with an optimiser of TensorFlow.js too', () => {
    const w = tf.variable(tf.scalar(1));
    const step = trainStep(
      { loss: (_: object) => tf.square(w) as Scalar, variables: { w } },
      { optimizer: tf.train.adam(0.1) },
    );
    for (let i = 0; i < 6; i++) tf.dispose(step.run({}));
    expect(step.hostState()).toEqual({ runs: 6, updates: 6 });
    step.dispose();
  });
});

describe('a compiled step', () => {
  beforeAll(() => useBackend('onnx'));

  test('whose body throws leaves the variables as they were', () => {
    const w = tf.variable(tf.scalar(1));
    const body = compileStep(() => {
      w.assign(tf.add(w, 1));
      throw new Error('half-way');
    });
    expect(() => body({})).toThrow('half-way');
    expect(w.dataSync()[0]).toBe(1);
    body.dispose();
  });

  test('refuses batches whose texts change, by name, rather than build a graph for each', () => {
    const w = tf.variable(tf.scalar(1));
    const body = compileStep<{ id: string }>(() => ({ loss: tf.square(w) as Scalar }));
    const run = (id: string) => tf.dispose(body({ id }));
    expect(() => {
      for (let i = 0; i < 20; i++) run(`item ${i}`);
    }).toThrow("holds text ('id')");
    for (let i = 0; i < 20; i++) run('item 0');
    body.dispose();
  });
});
