import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../../src/compile/program.js';
import { compile, exportOnnx, type OnnxBackend, profile, registerOnnxBackend } from '../../src/index.js';
import { Regions } from '../../src/memory/regions.js';
import { WebAssembly } from '../../src/update/webassembly.js';
import { wave } from '../kernels/against-cpu.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

/** So many threads that updates are left to the graph. */
const MANY = 16;
const numbers = (t: tf.Tensor): number[] => Array.from(t.dataSync());
const tensor = (shape: number[], seed: number) => tf.tensor(Array.from(wave(shape, { seed }).values), shape);
const backend = () => tf.backend() as OnnxBackend;
/** Whether the numbers of a variable lie where an update writes them. */
const isResident = (variable: tf.Variable) => backend().tensors.of(variable.dataId).state.kind === 'resident';

/** A step of an update with enough operations: w moves along a damped gradient, m is its running mean. */
function model(shape: number[] = [5, 7]) {
  const w = tf.variable(tensor(shape, 1));
  const m = tf.variable(tf.zeros(shape));
  const move = (g: tf.Tensor) => {
    const next = tf.add(tf.mul(m, 0.5), tf.mul(g, 0.25));
    m.assign(next);
    w.assign(tf.sub(w, tf.div(next, tf.add(tf.abs(next), 1))));
  };
  const step = (g: tf.Tensor) => {
    move(g);
    return tf.sum(g);
  };
  return { w, m, step };
}

describe('updates of variables in compiled functions', () => {
  const optimisers: Record<string, () => tf.Optimizer> = {
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    nesterov: () => tf.train.momentum(0.1, 0.9, true),
    adagrad: () => tf.train.adagrad(0.1),
    adadelta: () => tf.train.adadelta(0.1),
    adam: () => tf.train.adam(0.1),
    adamax: () => tf.train.adamax(0.1),
    rmsprop: () => tf.train.rmsprop(0.1, 0.9, 0.5, 1e-7, true),
  };
  for (const [name, create] of Object.entries(optimisers)) {
    it(`${name}: the same numbers as in the graph, bit for bit`, () => {
      const run = (threads: number) => {
        const optimizer = create();
        const variables = [tensor([33, 17], 1), tensor([3], 2), tensor([1], 3)].map((start) => tf.variable(start));
        const plain = (...gradients: tf.Tensor[]) => {
          optimizer.applyGradients(variables.map(({ name: of }, i) => ({ name: of, tensor: gradients[i]! })));
          return tf.sum(gradients[0]!);
        };
        const step = compile(plain, { threads });
        for (let i = 0; i < 6; i++) step(tensor([33, 17], 10 + i), tensor([3], 20 + i), tensor([1], 30 + i));
        expect(isResident(variables[0]!)).toBe(threads === 1 && name !== 'sgd');
        return variables.map(numbers);
      };
      expect(run(1)).toEqual(run(MANY));
    });
  }

  it('what was read, cloned, or is still to be computed keeps the numbers of its moment', () => {
    const { w, m, step } = model();
    const reference = model();
    const compiled = compile(step);
    for (let i = 0; i < 3; i++) {
      compiled(tensor([5, 7], i));
      reference.step(tensor([5, 7], i));
    }
    expect(isResident(w)).toBe(true);
    const before = numbers(reference.w);
    const read = w.dataSync();
    const copy = w.clone();
    const lazy = tf.mul(w, 2);
    const viewed = tf.reshape(w, [35]);
    for (let i = 3; i < 6; i++) {
      compiled(tensor([5, 7], i));
      reference.step(tensor([5, 7], i));
    }
    expect(Array.from(read)).toEqual(before);
    expect(numbers(copy)).toEqual(before);
    expect(numbers(viewed)).toEqual(before);
    expect(numbers(lazy)).toEqual(before.map((value) => 2 * value));
    expect(numbers(w)).toEqual(numbers(reference.w));
    expect(numbers(m)).toEqual(numbers(reference.m));
  });

  it('a clone made between replays does not follow, and the variable goes on', () => {
    const { w, step } = model();
    const compiled = compile(step);
    const clones: tf.Tensor[] = [];
    const expected: number[][] = [];
    const reference = model();
    for (let i = 0; i < 6; i++) {
      compiled(tensor([5, 7], i));
      reference.step(tensor([5, 7], i));
      clones.push(w.clone());
      expected.push(numbers(reference.w));
    }
    expect(clones.map(numbers)).toEqual(expected);
  });

  it('assignments from outside, plain steps and other compiled functions take turns with it', () => {
    const { w, m, step } = model();
    const reference = model();
    const compiled = compile(step);
    const second = compile((g: tf.Tensor) => {
      w.assign(tf.div(tf.sub(w, tf.mul(g, 0.125)), tf.add(tf.abs(tf.mul(w, 0.5)), 1)));
      return tf.max(g);
    });
    const plainSecond = (g: tf.Tensor) =>
      reference.w.assign(tf.div(tf.sub(reference.w, tf.mul(g, 0.125)), tf.add(tf.abs(tf.mul(reference.w, 0.5)), 1)));
    const reads = compile((x: tf.Tensor) => tf.sum(tf.mul(w, x), 1));
    for (let i = 0; i < 12; i++) {
      const g = tensor([5, 7], i);
      if (i % 3 === 2) {
        second(g);
        plainSecond(g);
      } else {
        compiled(g);
        reference.step(g);
      }
      if (i === 5) {
        w.assign(tf.mul(w, 0.5));
        reference.w.assign(tf.mul(reference.w, 0.5));
      }
      if (i === 7) {
        step(g);
        reference.step(g);
      }
      expect(numbers(reads(g) as tf.Tensor)).toEqual(numbers(tf.sum(tf.mul(reference.w, g), 1)));
      expect(numbers(w)).toEqual(numbers(reference.w));
      expect(numbers(m)).toEqual(numbers(reference.m));
    }
  });

  it('the variable itself as the argument: old numbers in, new numbers out', () => {
    const { w, step } = model();
    const reference = model();
    const compiled = compile(step);
    for (let i = 0; i < 4; i++) {
      compiled(w as tf.Tensor);
      reference.step(reference.w);
    }
    expect(numbers(w)).toEqual(numbers(reference.w));
  });

  it('one state that moves by another sees its old numbers', () => {
    const make = () => {
      const a = tf.variable(tensor([40], 1));
      const b = tf.variable(tensor([40], 2));
      const step = (g: tf.Tensor) => {
        const [oldA, oldB] = [tf.mul(a, 1), tf.mul(b, 1)];
        a.assign(tf.add(tf.mul(tf.abs(oldB), 0.5), tf.mul(g, 0.5)));
        b.assign(tf.sub(tf.mul(tf.abs(oldA), 0.5), tf.mul(g, 0.25)));
        return tf.sum(g);
      };
      return { a, b, step };
    };
    const [actual, reference] = [make(), make()];
    const compiled = compile(actual.step);
    for (let i = 0; i < 5; i++) {
      compiled(tensor([40], i));
      reference.step(tensor([40], i));
    }
    expect(isResident(actual.a)).toBe(true);
    expect(numbers(actual.a)).toEqual(numbers(reference.a));
    expect(numbers(actual.b)).toEqual(numbers(reference.b));
  });

  it('signatures of one function share the memory of the states', () => {
    const x = tf.variable(tensor([6, 4], 1));
    const optimizer = tf.train.adam(0.1);
    const step = compile((input: tf.Tensor) => optimizer.minimize(() => tf.mean(tf.matMul(input, x)), true, [x])!);
    const memories = new Set<object>();
    for (let i = 0; i < 9; i++) {
      step(tensor([2 + (i % 3), 6], i));
      if (isResident(x)) memories.add((backend().tensors.of(x.dataId).numbersForNow() as Float32Array).buffer);
    }
    expect(memories.size).toBe(1);
  });

  it('outlives the function, and is exported with its newest numbers', () => {
    const { w, step } = model();
    const reference = model();
    const compiled = compile(step);
    for (let i = 0; i < 4; i++) {
      compiled(tensor([5, 7], i));
      reference.step(tensor([5, 7], i));
    }
    const file = Buffer.from(exportOnnx((x: tf.Tensor) => tf.add(x, w), [tensor([5, 7], 1)]));
    expect(file.includes(Buffer.from(Float32Array.from(numbers(reference.w)).buffer))).toBe(true);
    compiled.dispose();
    expect(numbers(w)).toEqual(numbers(reference.w));
    w.dispose();
    expect(() => w.dataSync()).toThrow();
  });

  it('a disposed variable is missed before anything is written, whoever holds its numbers', () => {
    const { w, m, step } = model();
    const compiled = compile(step);
    for (let i = 0; i < 3; i++) compiled(tensor([5, 7], i));
    const other = tf.variable(tf.zeros([5, 7]));
    other.assign(m);
    const copy = m.clone();
    const [before, weights] = [numbers(copy), numbers(w)];
    m.dispose();
    expect(() => compiled(tensor([5, 7], 4))).toThrow(/variable .* was disposed, the compiled function still uses it/);
    expect([numbers(copy), numbers(other), numbers(w)]).toEqual([before, before, weights]);
  });

  it('an argument that cannot be read changes no variable, also where only an update reads it', () => {
    const [a, b] = [tf.variable(tensor([40], 1)), tf.variable(tensor([30], 2))];
    const move = (v: tf.Variable, rate: tf.Tensor) =>
      v.assign(tf.sub(v, tf.mul(rate, tf.div(v, tf.add(tf.abs(v), 1)))));
    const step = compile((x: tf.Tensor, first: tf.Tensor, second: tf.Tensor) => {
      move(a, first);
      move(b, second);
      return tf.sum(x);
    });
    for (let i = 0; i < 3; i++) step(tensor([3], i), tf.scalar(0.1), tf.scalar(0.2));
    expect([isResident(a), isResident(b)]).toEqual([true, true]);
    const before = [numbers(a), numbers(b)];
    const gone = tf.scalar(0.1);
    gone.dispose();
    expect(() => step(tensor([3], 1), tf.scalar(0.1), gone)).toThrow('disposed');
    expect(() => step(tensor([3], 1), gone, tf.scalar(0.1))).toThrow('disposed');
    expect([numbers(a), numbers(b)]).toEqual(before);
  });

  it('a kept clone of a variable is not the variable, in any function', () => {
    const { w, step } = model();
    const compiled = compile(step);
    for (let i = 0; i < 3; i++) compiled(tensor([5, 7], i));
    const anchor = w.clone();
    const distance = compile((scale: tf.Tensor) => tf.sum(tf.mul(scale, tf.sub(w, anchor))));
    for (let i = 3; i < 8; i++) {
      const expected = numbers(tf.sum(tf.mul(2, tf.sub(w, anchor))))[0]!;
      expect(numbers(distance(tf.scalar(2)))[0]).toBeCloseTo(expected, 4);
      compiled(tensor([5, 7], i));
    }
    expect(numbers(tf.sum(tf.abs(tf.sub(w, anchor))))[0]).toBeGreaterThan(0.01);
  });

  it('numbers that two variables share are read in the shape of each', () => {
    const matrix = tf.variable(tensor([6, 5], 1));
    const vector = tf.variable(tf.zeros([30]));
    const total = compile((x: tf.Tensor) => tf.add(tf.sum(tf.tanh(matrix), 1), tf.sum(tf.mul(tf.tanh(vector), x))));
    for (let i = 0; i < 4; i++) {
      const expected = tf.add(tf.sum(tf.tanh(matrix), 1), tf.sum(tf.mul(tf.tanh(vector), 2)));
      expect(numbers(total(tf.scalar(2)))).toBeAllclose(numbers(expected), { rtol: 1e-5, atol: 1e-5 });
      vector.assign(tf.reshape(matrix, [30]));
    }
  });

  it('the memory is given back after the last function that writes there', () => {
    const { w, m, step } = model();
    const [first, second] = [compile(step), compile(step)];
    for (let i = 0; i < 6; i++) (i % 2 === 0 ? first : second)(tensor([5, 7], i));
    const before = numbers(w);
    first(tensor([5, 7], 1));
    first.dispose();
    expect(isResident(w)).toBe(true);
    second.dispose();
    expect([isResident(w), isResident(m)]).toEqual([false, false]);
    expect(numbers(w)).not.toEqual(before);
    expect(backend().regions.has(w)).toBe(false);
  });

  it('leaves variables alone that another backend has taken over', async () => {
    const { w, step } = model();
    const compiled = compile(step);
    for (let i = 0; i < 4; i++) compiled(tensor([5, 7], i));
    const onnx = backend();
    await tf.setBackend('cpu');
    const sum = tf.sum(w);
    expect(onnx.refCount(w.dataId)).toBe(0);
    compiled.dispose();
    expect(onnx.refCount(w.dataId)).toBe(0);
    sum.dispose();
    await tf.setBackend('onnx');
  });

  it('appears in profiles', () => {
    const { step } = model([64, 64]);
    const compiled = compile(step);
    const g = tensor([64, 64], 1);
    for (let i = 0; i < 3; i++) compiled(g);
    const { operators } = profile(() => compiled(g));
    expect(operators.map(({ kernel, operator }) => `${kernel} ${operator}`)).toContain(
      '(update of variables) WebAssembly',
    );
    expect(operators.map(({ operator }) => operator)).not.toContain('Div');
  });

  it('is left to the graph with more threads, and where there is no memory or no vectors', () => {
    const { w, step } = model();
    const compiled = compile(step, { threads: MANY });
    for (let i = 0; i < 3; i++) compiled(tensor([5, 7], i));
    expect(isResident(w)).toBe(false);

    const engine = WebAssembly as { Memory: unknown; Instance: unknown };
    const { Memory, Instance, CompileError } = WebAssembly;
    class None {
      constructor() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      }
    }
    engine.Memory = None;
    try {
      const other = model();
      const program = Program.compile(backend(), other.step as never, [tensor([5, 7], 1)]);
      program.run([tensor([5, 7], 1)]);
      expect(isResident(other.w)).toBe(false);
      const reference = model();
      reference.step(tensor([5, 7], 1));
      expect(numbers(other.w)).toEqual(numbers(reference.w));
      program.dispose();
      engine.Memory = Memory;
      engine.Instance = class {
        constructor() {
          throw new CompileError('invalid opcode 0xfd');
        }
      };
      const third = model();
      const plain = Program.compile(backend(), third.step as never, [tensor([5, 7], 1)]);
      plain.run([tensor([5, 7], 1)]);
      expect(numbers(third.w)).toEqual(numbers(reference.w));
      plain.dispose();
    } finally {
      Object.assign(engine, { Memory, Instance });
    }
  });

  it('goes into several memories where one is too small, and to the graph where none can hold it', () => {
    const shapes = [[40], [70], [30], [400], [1], [55]];
    const run = (most: number, wrap: typeof compile | undefined) => {
      const before = backend().regions;
      Object.assign(backend(), { regions: new Regions(most) });
      try {
        const variables = shapes.map((shape, i) => tf.variable(tensor(shape, i + 1)));
        const optimizer = tf.train.adam(0.1);
        const loss = () => tf.addN(variables.map((w) => tf.sum(tf.square(tf.sub(w, 3))))) as tf.Scalar;
        const step = () => optimizer.minimize(loss, true, variables)!;
        const train = wrap === undefined ? step : wrap(step, { threads: 1 });
        const snapshot = tf.clone(variables[1]!);
        const first = numbers(snapshot);
        const losses = Array.from({ length: 6 }, () => train().dataSync()[0]!);
        expect(numbers(snapshot)).toEqual(first);
        const resident = variables.filter(isResident).map(({ size }) => size);
        const weights = variables.map(numbers);
        if (wrap !== undefined) (train as ReturnType<typeof compile>).dispose();
        return { losses, weights, resident };
      } finally {
        Object.assign(backend(), { regions: before });
      }
    };
    const large = run(2 ** 20, compile);
    expect(large.resident).toEqual([40, 70, 30, 400, 55]);
    // Adam has seven vectors: 70 numbers take 602 with their margins.
    const small = run(700, compile);
    expect(small.resident).toEqual([40, 70, 30, 55]);
    const none = run(100, compile);
    expect(none.resident).toEqual([]);
    for (const { losses, weights } of [small, none]) {
      expect(losses).toEqual(large.losses);
      expect(weights).toEqual(large.weights);
    }
    const plain = run(700, undefined);
    plain.weights.forEach((weight, i) => {
      expect(small.weights[i]).toBeAllclose(weight, { rtol: 1e-5, atol: 1e-6 });
    });
  });

  it('gives back the memories that it has where there is none for the rest', () => {
    const { Memory } = WebAssembly;
    let left = 1;
    class Scarce extends (Memory as unknown as new (size: object) => object) {
      constructor(size: object) {
        if (left-- <= 0) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
        super(size);
      }
    }
    const before = backend().regions;
    const regions = new Regions(700);
    Object.assign(backend(), { regions });
    (WebAssembly as { Memory: unknown }).Memory = Scarce;
    try {
      const variables = [tf.variable(tensor([70], 1)), tf.variable(tensor([70], 2))];
      const optimizer = tf.train.adam(0.1);
      const loss = () => tf.addN(variables.map((w) => tf.sum(tf.square(w)))) as tf.Scalar;
      const step = compile(() => optimizer.minimize(loss, true, variables)!);
      const losses = Array.from({ length: 5 }, () => step().dataSync()[0]!);
      expect(left).toBeLessThan(1);
      expect(variables.some(isResident)).toBe(false);
      expect(variables.some((variable) => regions.has(variable))).toBe(false);
      expect(losses).toEqual([...losses].sort((a, b) => b - a));
      step.dispose();
    } finally {
      (WebAssembly as { Memory: unknown }).Memory = Memory;
      Object.assign(backend(), { regions: before });
    }
  });

  it('cannot have memory that is shared between threads: ONNX Runtime does not take it', () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    const w = tf.variable(tf.zeros([2]));
    const step = compile((x: tf.Tensor) => tf.add(w, x));
    const x = tf.tensor1d([1, 2]);
    for (let i = 0; i < 3; i++) step(x);
    expect(() => step(tf.tensor1d(shared)).dataSync()).toThrow(/Invalid argument/);
  });

  it('keeps the number of tensors over 2,000 replays', () => {
    const { step } = model([100]);
    const compiled = compile(step);
    const g = tensor([100], 1);
    for (let i = 0; i < 3; i++) compiled(g).dispose();
    const [tensors, data] = [tf.memory().numTensors, backend().numDataIds()];
    for (let i = 0; i < 2000; i++) compiled(g).dispose();
    expect([tf.memory().numTensors, backend().numDataIds()]).toEqual([tensors, data]);
  });
});
