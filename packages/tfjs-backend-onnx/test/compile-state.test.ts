import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, exportOnnx, registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const numbers = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

describe('an optimiser of tfjs whose updates are compiled', () => {
  const optimisers: Record<string, () => tf.Optimizer> = {
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    adagrad: () => tf.train.adagrad(0.1),
    adadelta: () => tf.train.adadelta(0.1),
    adam: () => tf.train.adam(0.1),
    rmsprop: () => tf.train.rmsprop(0.1, 0.9),
  };

  it.each(Object.entries(optimisers))('%s: goes on in another one as after uncompiled updates', async (_, create) => {
    const run = async (isCompiled: boolean) => {
      const w = tf.variable(tf.fill([16], 1));
      const step = (optimizer: tf.Optimizer) => () =>
        optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, true, [w])!;
      const first = create();
      const train = isCompiled ? compile(step(first)) : step(first);
      for (let i = 0; i < 20; i++) train();
      const second = create();
      await second.setWeights(await first.getWeights());
      const { iterations } = second;
      for (let i = 0; i < 3; i++) step(second)();
      return { iterations, w: numbers(w) };
    };
    const [compiled, plain] = [await run(true), await run(false)];
    expect(compiled.iterations).toBe(plain.iterations);
    expect(compiled.iterations).toBe(20);
    expect(compiled.w).toBeAllclose(plain.w, { rtol: 1e-4, atol: 1e-6 });
  });

  it.each(Object.entries({ ...optimisers, adamax: () => tf.train.adamax(0.1) }))(
    '%s: a learning rate that changes between steps counts from the next step on',
    (_, create) => {
      const run = (isCompiled: boolean) => {
        const w = tf.variable(tf.fill([16], 1));
        const optimizer = create();
        const update = () => optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, true, [w])!;
        const train = isCompiled ? compile(update) : update;
        const seen: number[][] = [];
        for (const rate of [0.1, 0.01, 0.01, 0.3]) {
          if (optimizer instanceof tf.SGDOptimizer && 'setLearningRate' in optimizer) optimizer.setLearningRate(rate);
          else Object.assign(optimizer, { learningRate: rate });
          for (let i = 0; i < 4; i++) train();
          seen.push(numbers(w));
        }
        return seen;
      };
      const [compiled, plain] = [run(true), run(false)];
      expect(plain[0]).not.toEqual(plain[1]);
      for (const [i, w] of compiled.entries()) expect(w).toBeAllclose(plain[i]!, { rtol: 1e-4, atol: 1e-6 });
    },
  );

  it('says so when settings that change all the time have the graph built anew', async () => {
    const w = tf.variable(tf.fill([16], 1));
    const optimizer = tf.train.sgd(0.1);
    const step = compile(() => optimizer.minimize(() => tf.sum(w) as tf.Scalar, true, [w])!, { maxSignatures: 3 });
    const warnings: string[] = [];
    const note = (warning: Error) => void warnings.push(warning.message);
    process.on('warning', note);
    for (let i = 1; i <= 8; i++) {
      optimizer.setLearningRate(1 / i);
      step();
    }
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toEqual([expect.stringMatching(/another learning rate.*takes schedules/)]);
  });

  it('counts two updates per step where there are two, and none that failed or was only exported', () => {
    const w = tf.variable(tf.fill([16], 1));
    const optimizer = tf.train.adam(0.1);
    const update = () => optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, true, [w])!;
    const step = compile(() => tf.add(update(), update()));
    for (let i = 0; i < 5; i++) step();
    expect(optimizer.iterations).toBe(10);
    let calls = 0;
    const failing = compile(() => {
      const loss = update();
      if (++calls === 3) throw new Error('in the second trace');
      return loss;
    });
    failing();
    expect(() => failing()).toThrow('in the second trace');
    exportOnnx((x: tf.Tensor) => tf.add(update(), tf.sum(x)), [tf.ones([2])]);
    expect(optimizer.iterations).toBe(11);
  });

  it('is refused when the function computes with the count, which would be frozen', () => {
    const w = tf.variable(tf.fill([16], 1));
    const optimizer = tf.train.sgd(0.1);
    const step = compile(() => {
      const loss = optimizer.minimize(() => tf.sum(tf.square(w)) as tf.Scalar, true, [w])!;
      return tf.mul(loss, tf.tensor1d([optimizer.iterations, 1]));
    });
    step();
    expect(() => step()).toThrow('would be frozen');
    expect(optimizer.iterations).toBe(1);
  });
});

describe('a JavaScript array that a compiled function fills again', () => {
  it.each([4, 100])('gives each tensor the numbers of its time, in every call (%i numbers)', (size) => {
    const array = new Float32Array(size);
    const f = compile((x: tf.Tensor) => {
      array.fill(3);
      const first = tf.tensor1d(array);
      array.fill(4);
      const second = tf.tensor1d(array);
      array.fill(5);
      return tf.add(x, tf.sub(tf.mul(first, 10), second));
    });
    const x = tf.zeros([size]);
    expect([1, 2, 3, 4].map(() => f(x).dataSync()[0])).toEqual([26, 26, 26, 26]);
  });
});

describe('empty tensors inside of compiled functions', () => {
  const w = () => tf.variable(tf.ones([3, 4])) as unknown as tf.Tensor2D;
  const cases: Record<string, () => [(x: tf.Tensor) => tf.Tensor, number[]]> = {
    'a product with a variable': () => {
      const weights = w();
      return [(x) => tf.matMul(x as tf.Tensor2D, weights), [0, 3]];
    },
    'the sum of such a product': () => {
      const weights = w();
      return [(x) => tf.sum(tf.matMul(x as tf.Tensor2D, weights)), [0, 3]];
    },
    'the gradient of such a product': () => {
      const weights = w();
      const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D)));
      return [(x) => gradients([x, weights])[1]!, [0, 3]];
    },
    'a convolution without images': () => {
      const weights = w();
      return [
        (x) => tf.conv2d(x as tf.Tensor4D, tf.reshape(weights, [1, 1, 3, 4]) as tf.Tensor4D, 1, 'same'),
        [0, 5, 5, 3],
      ];
    },
    'no rows of a variable': () => {
      const weights = w();
      return [
        (x) => tf.concat([tf.gather(weights, tf.tensor1d([], 'int32')), tf.matMul(x as tf.Tensor2D, weights)]),
        [2, 3],
      ];
    },
    'no rows of an argument': () => [(x) => tf.gather(x, tf.tensor1d([], 'int32')), [2, 3]],
    'nothing written into an argument': () => [
      (x) => tf.mul(tf.tensorScatterUpdate(x, tf.zeros([0, 1], 'int32'), tf.zeros([0, 3])), 2),
      [2, 3],
    ],
  };
  it.each(Object.entries(cases))('%s', (_, create) => {
    const [f, shape] = create();
    const x = tf.ones(shape);
    const compiled = compile(f);
    const expected = f(x);
    for (let i = 0; i < 4; i++) {
      const actual = compiled(x);
      expect([actual.dtype, actual.shape, numbers(actual)]).toEqual([
        expected.dtype,
        expected.shape,
        numbers(expected),
      ]);
    }
  });
});

describe('a recurrent layer that holds its state', () => {
  const layers = { lstm: tfl.layers.lstm, gru: tfl.layers.gru, simpleRNN: tfl.layers.simpleRNN };
  it.each(Object.entries(layers))('%s: is refused by name of what it does, and goes on uncompiled', (_, create) => {
    const options = { units: 4, stateful: true, recurrentInitializer: 'glorotUniform' as const };
    const layer = create({ ...options, batchInputShape: [2, 3, 5] });
    const x = tf.randomNormal([2, 3, 5], 0, 1, 'float32', 1);
    const apply = (y: tf.Tensor) => layer.apply(y) as tf.Tensor;
    const f = compile(apply);
    const first = numbers(f(x));
    expect(() => f(x)).toThrow(
      /holds tensors from one call to the next \(float32\[2,4\] of kernel \w+.*stateful: true.*must be a variable/,
    );
    const later = numbers(apply(x));
    expect(later.every(Number.isFinite)).toBe(true);
    expect(later).not.toEqual(first);
    layer.resetStates();
    expect(numbers(apply(x))).toBeAllclose(first, { rtol: 1e-6 });
    const stateless = create({ ...options, stateful: false, weights: layer.getWeights(), inputShape: [3, 5] });
    const g = compile((y: tf.Tensor) => stateless.apply(y) as tf.Tensor);
    for (let i = 0; i < 3; i++) expect(numbers(g(x))).toBeAllclose(first, { rtol: 1e-5, atol: 1e-6 });
  });

  it('what a failed call leaves has the numbers of that call', () => {
    let state: tf.Tensor = tf.keep(tf.zeros([40]));
    const f = compile((x: tf.Tensor) => {
      const next = tf.add(tf.mul(state, 0.5), x);
      state.dispose();
      state = tf.keep(next);
      return tf.sum(next);
    });
    const x = tf.ones([40]);
    f(x);
    expect(() => f(x)).toThrow('from one call to the next');
    expect(state.dataSync()[0]).toBeCloseTo(1.5, 6);
    state.dispose();
  });
});
