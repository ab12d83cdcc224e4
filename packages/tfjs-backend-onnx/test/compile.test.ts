import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, hostInput, registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const numbers = (t: tf.Tensor): number[] => Array.from(t.dataSync());

describe('compile', () => {
  it('replays: the function runs three times (once plainly, twice followed), then never again', () => {
    let calls = 0;
    const f = compile((a: tf.Tensor, b: tf.Tensor) => {
      calls++;
      return tf.add(tf.mul(a, 2), b);
    });
    for (let i = 0; i < 6; i++) {
      const y = f(tf.tensor1d([i, 1]), tf.tensor1d([10, 20]));
      expect(numbers(y)).toEqual([2 * i + 10, 22]);
    }
    expect(calls).toBe(3);
    f.dispose();
    expect(() => f(tf.scalar(1), tf.scalar(1))).toThrow('was disposed');
  });

  it('takes and returns nested containers; plain values are part of the signature', () => {
    const f = compile(({ pair, scale }: { pair: [tf.Tensor, tf.Tensor]; scale: number }) => ({
      sum: tf.mul(tf.add(pair[0], pair[1]), scale),
      list: [pair[0], { same: pair[0] }],
      note: 'kept',
    }));
    for (const scale of [1, 1, 1, 5, 5, 5]) {
      const y = f({ pair: [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])], scale });
      expect(numbers(y.sum)).toEqual([4 * scale, 6 * scale]);
      expect(numbers(y.list[0] as tf.Tensor)).toEqual([1, 2]);
      expect(numbers((y.list[1] as { same: tf.Tensor }).same)).toEqual([1, 2]);
      expect(y.note).toBe('kept');
    }
    f.dispose();
  });

  it('keeps variables as state: reads, assignments, outside assignments, old copies', () => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    const step = compile((x: tf.Tensor1D) => {
      w.assign(tf.add(w, x));
      return tf.sum(w);
    });
    const x = tf.tensor1d([1, 1, 1]);
    const history: number[][] = [];
    const arrays: Float32Array[] = [];
    for (let i = 0; i < 5; i++) {
      step(x);
      arrays.push(w.dataSync<'float32'>());
      history.push(numbers(w));
    }
    expect(history).toEqual([
      [2, 3, 4],
      [3, 4, 5],
      [4, 5, 6],
      [5, 6, 7],
      [6, 7, 8],
    ]);
    // Arrays that were given out stay as they were.
    expect(arrays.map((a) => Array.from(a))).toEqual(history);
    w.assign(tf.tensor1d([100, 200, 300]));
    expect(numbers(step(x) as tf.Tensor)).toEqual([603]);
    const copy = w.clone();
    const lazy = tf.mul(w, 10);
    step(x);
    step(x);
    step(x);
    expect(numbers(copy)).toEqual([101, 201, 301]);
    expect(numbers(lazy)).toEqual([1010, 2010, 3010]);
    expect(numbers(w)).toEqual([104, 204, 304]);
    step.dispose();
    expect(numbers(w)).toEqual([104, 204, 304]);
  });

  it('gives two variables that are assigned one value memory of their own', () => {
    const a = tf.variable(tf.scalar(0));
    const b = tf.variable(tf.scalar(0));
    const step = compile((x: tf.Scalar) => {
      const v = tf.mul(x, 2);
      a.assign(v as tf.Scalar);
      b.assign(v as tf.Scalar);
    });
    const move = compile((x: tf.Scalar) => a.assign(tf.add(a, x)));
    for (let i = 1; i < 6; i++) {
      step(tf.scalar(i));
      move(tf.scalar(100));
      expect([...numbers(a), ...numbers(b)]).toEqual([2 * i + 100, 2 * i]);
    }
    step.dispose();
    move.dispose();
  });

  for (const name of ['sgd', 'momentum', 'adagrad', 'adadelta', 'adam', 'adamax', 'rmsprop'] as const) {
    it(`compiles tfjs's optimiser ${name}: same weights as the plain steps, optimiser slots made on the first call`, () => {
      const make = () => (name === 'momentum' ? tf.train.momentum(0.1, 0.9) : tf.train[name](0.1));
      const x = tf.randomNormal([8, 3], 0, 1, 'float32', 1);
      const y = tf.randomNormal([8, 2], 0, 1, 'float32', 2);
      const train = (wrap: (f: () => tf.Scalar) => () => tf.Scalar) => {
        const w = tf.variable(tf.randomNormal([3, 2], 0, 1, 'float32', 3));
        const b = tf.variable(tf.zeros([2]));
        const optimizer = make();
        const step = wrap(
          () =>
            optimizer.minimize(
              () =>
                tf.losses.meanSquaredError(
                  y,
                  tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b)),
                ) as tf.Scalar,
              true,
            )!,
        );
        const losses: number[] = [];
        for (let i = 0; i < 8; i++) losses.push(step().dataSync()[0]!);
        return [...losses, ...numbers(w), ...numbers(b)];
      };
      const plain = train((f) => f);
      const compiled = train((f) => compile(f));
      expect(Float32Array.from(compiled)).toBeAllclose(Float32Array.from(plain), { rtol: 1e-5, atol: 1e-6 });
    });
  }

  it('compiles a training step of a tfjs-layers model with batch normalisation', () => {
    const build = () => {
      const layers = [
        tfl.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          // The gradient of a bias before a normalisation is zero but for rounding, which Adam would make a step of.
          useBias: false,
          kernelInitializer: tfl.initializers.glorotUniform({ seed: 1 }),
        }),
        tfl.layers.batchNormalization({ momentum: 0.5 }),
        tfl.layers.maxPooling2d({ poolSize: 2 }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 3, kernelInitializer: tfl.initializers.glorotUniform({ seed: 2 }) }),
      ];
      const call = (x: tf.Tensor) => layers.reduce((h, layer) => layer.apply(h, { training: true }) as tf.Tensor, x);
      return { layers, call };
    };
    const x = tf.randomNormal([6, 8, 8, 2], 0, 1, 'float32', 4);
    const y = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3);
    const train = (
      wrap: (f: (x: tf.Tensor, y: tf.Tensor) => tf.Scalar) => (x: tf.Tensor, y: tf.Tensor) => tf.Scalar,
    ) => {
      const { layers, call } = build();
      call(x); // builds the layers
      const optimizer = tf.train.adam(0.01);
      const step = wrap(
        (a, b) => optimizer.minimize(() => tf.losses.softmaxCrossEntropy(b, call(a)) as tf.Scalar, true)!,
      );
      const losses = Array.from({ length: 6 }, () => step(x, y).dataSync()[0]!);
      return [...losses, ...layers[1]!.getWeights().flatMap(numbers)];
    };
    const compiled = train((f) => compile(f));
    expect(Float32Array.from(compiled)).toBeAllclose(Float32Array.from(train((f) => f)), { rtol: 2e-4, atol: 1e-5 });
  });

  it('builds again for another shape and keeps both', () => {
    let calls = 0;
    const f = compile((x: tf.Tensor) => {
      calls++;
      return tf.sum(tf.square(x));
    });
    for (const length of [2, 3, 2, 3, 2, 3, 2, 3]) expect(numbers(f(tf.ones([length])))).toEqual([length]);
    expect(calls).toBe(6);
    f.dispose();
  });

  it('refuses frozen randomness and names the remedy', () => {
    const f = compile((x: tf.Tensor) => tf.add(x, tf.randomNormal([3])));
    const x = tf.zeros([3]);
    f(x);
    expect(() => f(x)).toThrow(/float32\[3\].*would be frozen.*hostInput/);
    const g = compile((x: tf.Tensor) => tf.dropout(x, 0.5));
    g(x);
    expect(() => g(x)).toThrow('would be frozen');
    let t = 0;
    const h = compile((x: tf.Tensor) => tf.mul(x, t++));
    h(x);
    expect(() => h(x)).toThrow('would be frozen');
  });

  it('refuses reading numbers, kernels without ONNX form, new variables - and leaves everything as it was', () => {
    const w = tf.variable(tf.tensor1d([1, 2]));
    const x = tf.tensor1d([3, 4]);
    const cases: [RegExp, (x: tf.Tensor) => unknown][] = [
      [/reads the numbers/, (v) => (tf.sum(v).dataSync()[0]! > 0 ? tf.neg(v) : v)],
      [/reads the numbers/, () => tf.mul(w, w.dataSync()[0]!)],
      [/kernel Unique/, (v) => tf.unique(v as tf.Tensor1D).values],
      [/creates variables/, (v) => tf.add(tf.variable(v), 1)],
    ];
    for (const [message, body] of cases) {
      const f = compile((v: tf.Tensor) => {
        w.assign(tf.add(w, v) as tf.Tensor1D);
        return body(v) as tf.Tensor;
      });
      const result = tf.tidy(() => {
        f(x);
        expect(() => f(x)).toThrow(message);
      });
      expect(result).toBeUndefined();
      f.dispose();
    }
    expect(numbers(w)).toEqual([1 + 4 * 3, 2 + 4 * 4]);
  });

  it('is transparent to gradients and to other compiled functions', () => {
    const inner = compile((x: tf.Tensor) => tf.square(x));
    const outer = compile((x: tf.Tensor) => tf.add(inner(x), 1));
    const x = tf.tensor1d([3]);
    inner(x);
    inner(x);
    for (let i = 0; i < 3; i++) expect(numbers(outer(x))).toEqual([10]);
    const gradient = tf.grad((v) => tf.sum(inner(v)));
    for (let i = 0; i < 3; i++) expect(numbers(gradient(x))).toEqual([6]);
  });

  it('does not leak tensors or data over 2,000 replays', () => {
    const w = tf.variable(tf.zeros([4]));
    const optimizer = tf.train.adam(0.1);
    const step = compile(
      (x: tf.Tensor) => optimizer.minimize(() => tf.sum(tf.square(tf.sub(w, x))) as tf.Scalar, true)!,
    );
    const x = tf.tensor1d([1, 2, 3, 4]);
    for (let i = 0; i < 3; i++) step(x).dispose();
    const tensors = tf.memory().numTensors;
    const data = tf.backend().numDataIds();
    for (let i = 0; i < 2000; i++) step(x).dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tf.backend().numDataIds()).toBe(data);
    expect(w.dataSync()).toBeAllclose(Float32Array.of(1, 2, 3, 4), { atol: 1e-3 });
    step.dispose();
  });

  it('says so when a variable it needs was disposed, and on another backend', async () => {
    const w = tf.variable(tf.scalar(1), true, 'weight');
    const f = compile((x: tf.Tensor) => tf.mul(x, w));
    f(tf.scalar(1));
    f(tf.scalar(1));
    w.dispose();
    expect(() => f(tf.scalar(1))).toThrow('variable weight was disposed');
    await tf.setBackend('cpu');
    expect(() => f(tf.scalar(1))).toThrow("backend 'onnx' must be active, the active backend is 'cpu'");
    await tf.setBackend('onnx');
  });
});

describe('hostInput', () => {
  it('is computed once per call, plainly and in replays', () => {
    let t = 0;
    const f = compile((x: tf.Tensor) => {
      const rate = hostInput([], 'float32', (out) => {
        out[0] = ++t;
      });
      return tf.mul(x, rate);
    });
    const seen = Array.from({ length: 6 }, () => numbers(f(tf.scalar(10)))[0]);
    expect(seen).toEqual([10, 20, 30, 40, 50, 60]);
    expect(numbers(hostInput([2], 'int32', (out) => out.set([7, 8])))).toEqual([7, 8]);
  });
});

describe('variables that share numbers', () => {
  it('are told apart, also when one was made from a clone of the other', () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.clone(a));
    const copy = tf.keep(tf.clone(b));
    const addA = compile(() => {
      b.assign(tf.add(b, a));
      return tf.clone(b);
    });
    tf.dispose(addA());
    b.assign(copy);
    const values = [1, 2, 3].map(() => (addA() as tf.Scalar).dataSync()[0]);
    expect(values).toEqual([2, 3, 4]);
    expect(a.dataSync()[0]).toBe(1);
  });
});

describe('results', () => {
  it('belong to the caller at each call, also when the function hands on its argument, a variable or what it kept', () => {
    const w = tf.variable(tf.tensor1d([5, 6]));
    const constant = tf.keep(tf.tensor1d([7, 8]));
    const f = compile((x: tf.Tensor) => ({ x, list: [w, constant, tf.neg(x)] }));
    const x = tf.tensor1d([1, 2]);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) {
      w.assign(tf.tensor1d([i, 6]));
      const y = f(x);
      const tensors = [y.x, ...y.list] as tf.Tensor[];
      expect(tensors.map(numbers)).toEqual([
        [1, 2],
        [i, 6],
        [7, 8],
        [-1, -2],
      ]);
      expect(tensors.some((t) => t === x || t === w || t === constant)).toBe(false);
      // An assignment later does not change what was handed out.
      w.assign(tf.tensor1d([100, 100]));
      expect(numbers(tensors[1]!)).toEqual([i, 6]);
      tf.dispose(tensors);
    }
    expect([x, w, constant].some((t) => t.isDisposed)).toBe(false);
    expect(tf.memory().numTensors - before).toBe(10); // the tensors that this test assigned
    f.dispose();
    constant.dispose();
  });

  it('a variable that is assigned and returned has its new numbers', () => {
    const w = tf.variable(tf.scalar(0));
    const f = compile(() => {
      w.assign(tf.add(w, 1) as tf.Scalar);
      return w;
    });
    const results = [0, 1, 2, 3].map(() => f() as tf.Tensor);
    expect(results.map((t) => numbers(t)[0])).toEqual([1, 2, 3, 4]);
    f.dispose();
  });
});

describe('signatures that never return in time', () => {
  const warningsOf = async (body: () => void): Promise<string[]> => {
    const seen: string[] = [];
    const listen = (warning: Error) => void seen.push(warning.message);
    process.on('warning', listen);
    body();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    return seen.filter((message) => message.startsWith('compile:'));
  };

  it('are warned about once: a rotation of more than are kept, a number that changes', async () => {
    const f = compile((x: tf.Tensor) => tf.neg(x), { name: 'rotate', maxSignatures: 2 });
    const rotation = await warningsOf(() => {
      for (let i = 0; i < 30; i++) f(tf.ones([1 + (i % 3)]));
    });
    expect(rotation).toHaveLength(1);
    expect(rotation[0]).toMatch(/rotate was called 4 times.*scalar tensors or through hostInput/);
    const g = compile((x: tf.Tensor, rate: number) => tf.mul(x, rate), { name: 'decay', maxSignatures: 3 });
    const changing = await warningsOf(() => {
      for (let i = 0; i < 20; i++) g(tf.ones([2]), 1 / (i + 1));
    });
    expect(changing).toHaveLength(1);
    expect(changing[0]).toMatch(/decay was called 6 times/);
  });

  it('and few ones are not', async () => {
    const f = compile((x: tf.Tensor) => tf.neg(x), { maxSignatures: 2 });
    expect(
      await warningsOf(() => {
        for (let i = 0; i < 30; i++) f(tf.ones([1 + (i % 2)]));
      }),
    ).toEqual([]);
    f.dispose();
  });
});

describe('functions without results', () => {
  it.each<[string, () => unknown, unknown]>([
    ['nothing', () => undefined, undefined],
    ['an empty list', () => [], []],
    ['an empty object', () => ({}), {}],
    ['numbers alone', () => [1, { a: 'b' }], [1, { a: 'b' }]],
  ])('%s', (_name, fn, expected) => {
    const filled: number[] = [];
    const compiled = compile((_x: tf.Tensor) => {
      hostInput([1], 'float32', (out) => {
        out[0] = filled.push(1);
      });
      return fn();
    });
    const x = tf.zeros([3]);
    for (let i = 0; i < 4; i++) {
      const before = filled.length;
      expect(compiled(x)).toEqual(expected);
      expect(filled.length).toBeGreaterThan(before);
    }
    compiled.dispose();
    expect(() => compiled(x)).toThrow(/disposed/);
  });
});
