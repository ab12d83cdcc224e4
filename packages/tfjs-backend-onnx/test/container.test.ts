import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flatten, unflatten } from '../src/compile/container.js';
import { compile, registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const signature = (value: unknown) => flatten(value).signature;

describe('the signature of arguments', () => {
  it('differs where values differ', () => {
    const pairs: [unknown, unknown][] = [
      [['a', 'b'], ['a string:b']],
      [['a', 'b'], ['a" "b']],
      [{ 'a: string:1 b': 2 }, { a: '1 b: number:2' }],
      [{ 'a": 1, "b': 2 }, { a: 1, b: 2 }],
      [{ a: 1 }, { a: '1' }],
      [0, -0],
      [1, 1n],
      [null, 'null'],
      [undefined, 'undefined'],
      [null, undefined],
      [Symbol('a'), Symbol('a')],
      [() => 1, () => 1],
      [[], [[]]],
      [[], new Array<number>(1)],
      [tf.scalar(1), 'float32[]'],
      [tf.zeros([2, 3]), tf.zeros([3, 2])],
    ];
    for (const [a, b] of pairs) expect(signature(a)).not.toBe(signature(b));
  });

  it('is the same where they are equal, also from call to call', () => {
    const [symbol, instance] = [Symbol('s'), new Date(0)];
    const make = () => ({ list: [1, -0, 'x', true, symbol, instance], x: tf.scalar(3), n: Number.NaN });
    expect(signature(make())).toBe(signature(make()));
    const { tensors, structure } = flatten(make());
    expect(tensors).toHaveLength(1);
    expect(unflatten(structure, ['t'])).toEqual({ list: [1, -0, 'x', true, symbol, instance], x: 't', n: Number.NaN });
  });

  it('keeps 0 and -0 apart in what is compiled', () => {
    const f = compile((x: tf.Tensor, s: number) => tf.div(x, tf.mul(tf.onesLike(x), s)));
    const x = tf.ones([40]);
    for (let i = 0; i < 3; i++) {
      expect(f(x, 0).dataSync()[0]).toBe(Number.POSITIVE_INFINITY);
      expect(f(x, -0).dataSync()[0]).toBe(Number.NEGATIVE_INFINITY);
    }
    f.dispose();
  });
});

describe('what identity would not describe', () => {
  class Batch {
    constructor(readonly x: tf.Tensor) {}
  }
  class Many {
    constructor(readonly list: tf.Tensor[]) {}
  }

  it('is refused: typed arrays, instances that hold tensors, maps of tensors', () => {
    const f = compile((x: unknown) => tf.tensor1d(x as Float32Array));
    expect(() => f(new Float32Array(3))).toThrow(/got Float32Array.*wrap it in tf\.tensor/);
    expect(() => f({ a: [new Int32Array(3)] })).toThrow(/got Int32Array/);
    expect(() => f(new ArrayBuffer(3))).toThrow(/got ArrayBuffer/);
    const g = compile((batch: Batch) => tf.neg(batch.x));
    expect(() => g(new Batch(tf.scalar(1)))).toThrow(/got Batch that holds tensors/);
    expect(() => flatten(new Many([tf.scalar(1)]))).toThrow(/got Many that holds tensors/);
    expect(() => flatten(new Map([['x', tf.scalar(1)]]))).toThrow(/got a Map, whose contents would be frozen/);
    expect(() => flatten(new Map([['x', 1]]))).toThrow(/Object.fromEntries/);
    expect(() => flatten(new Set([tf.scalar(1)]))).toThrow(/got a Set, whose contents would be frozen/);
    const h = compile((x: tf.Tensor) => new Batch(tf.neg(x)));
    expect(() => h(tf.scalar(1))).toThrow(/got Batch/);
  });

  it('is taken when it holds none, or variables only, which are read anew at each replay', () => {
    class Scaled {
      readonly factor = tf.variable(tf.scalar(2));
    }
    const model = new Scaled();
    const f = compile((m: Scaled, x: tf.Tensor) => tf.mul(x, m.factor));
    for (const factor of [2, 3, 4, 5]) {
      model.factor.assign(tf.scalar(factor));
      expect(f(model, tf.scalar(10)).dataSync()[0]).toBe(10 * factor);
    }
    f.dispose();
  });
});
