import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, hostInput, registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const INSIDE = /inside of a compiled function/;

describe('a tensor that escapes from a compiled function', () => {
  it('is refused elsewhere: by kernels, by reads, by other compiled functions, as a result and as an argument', () => {
    let leaked: tf.Tensor | undefined;
    const f = compile((x: tf.Tensor) => {
      leaked = tf.keep(tf.mul(x, 2));
      return tf.add(leaked, 1);
    });
    const x = tf.tensor1d([1, 2]);
    f(x);
    f(x);
    const inside = leaked!;
    expect(() => inside.dataSync()).toThrow(INSIDE);
    expect(() => tf.add(inside, 1).dataSync()).toThrow(INSIDE);
    expect(() => tf.add(inside, tf.ones([40, 2]))).toThrow(INSIDE);
    const bodies: ((y: tf.Tensor) => tf.Tensor)[] = [
      (y) => tf.add(y, inside),
      () => inside,
      () => tf.unique(inside).values,
    ];
    for (const body of bodies) {
      let followed = false;
      const g = compile((y: tf.Tensor) => (followed ? body(y) : tf.neg(y)));
      g(x);
      followed = true;
      expect(() => g(x)).toThrow(INSIDE);
      g.dispose();
    }
    expect(() => f(inside)).toThrow(INSIDE);
    expect(Array.from(f(x).dataSync())).toEqual([3, 5]);
    f.dispose();
    inside.dispose();
  });

  it('is refused by the next trace of the same function', () => {
    let cache: tf.Tensor | undefined;
    let calls = 0;
    const f = compile((x: tf.Tensor) => {
      if (++calls === 2) cache = tf.keep(tf.mul(x, 2));
      return cache === undefined ? tf.neg(x) : tf.add(x, cache);
    });
    const x = tf.tensor1d([1, 2]);
    f(x);
    expect(() => f(x)).toThrow(INSIDE);
    cache!.dispose();
  });

  it('is refused when it is a host input', () => {
    let leaked: tf.Tensor | undefined;
    const f = compile((x: tf.Tensor) => {
      leaked = tf.keep(hostInput([40], 'float32', (out) => out.fill(7)));
      return tf.mul(x, leaked);
    });
    const x = tf.ones([40]);
    f(x);
    f(x);
    expect(() => leaked!.dataSync()).toThrow(INSIDE);
    expect(() => tf.add(leaked!, 1)).toThrow(INSIDE);
    leaked!.dispose();
  });

  it('is a constant when it is one: made from numbers inside, used outside', () => {
    let kept: tf.Tensor | undefined;
    const f = compile((x: tf.Tensor) => {
      kept = tf.keep(tf.tensor1d([3, 4]));
      return tf.mul(x, kept);
    });
    for (let i = 0; i < 3; i++) f(tf.tensor1d([1, 1]));
    expect(Array.from(tf.add(kept!, 1).dataSync())).toEqual([4, 5]);
    kept!.dispose();
  });
});

describe('a buffer that the caller uses again', () => {
  const SIZE = 100;
  const fill = (buffer: Float32Array, value: number) => buffer.set(buffer.map((_, i) => value + i));

  it('does not change what was recorded from it', () => {
    const buffer = new Float32Array(SIZE);
    const sums = [1, 2, 3].map((value) => {
      fill(buffer, value);
      return tf.sum(tf.tensor1d(buffer));
    });
    fill(buffer, 1000);
    expect(sums.map((sum) => sum.dataSync()[0])).toEqual(
      [1, 2, 3].map((value) => value * SIZE + (SIZE * (SIZE - 1)) / 2),
    );
  });

  it('nor what was recorded from its clones, casts and reshapes', () => {
    for (const view of [tf.clone, (t: tf.Tensor) => tf.reshape(t, [10, 10]), (t: tf.Tensor) => tf.cast(t, 'float32')]) {
      const buffer = new Float32Array(SIZE).fill(1);
      const sum = tf.sum(view(tf.tensor1d(buffer)));
      buffer.fill(1000);
      expect(sum.dataSync()[0]).toBe(SIZE);
    }
    const small = new Float32Array(4).fill(1);
    const handed = tf.cast(tf.clone(tf.tensor1d(small)), 'float32');
    const sum = tf.sum(tf.add(handed, tf.zeros([SIZE, 4])));
    small.fill(1000);
    expect(sum.dataSync()[0]).toBe(4 * SIZE);
  });

  it('nor the constants of a compiled function, small and large', () => {
    for (const size of [4, SIZE]) {
      const buffer = Float32Array.from({ length: size }, (_, i) => i);
      const captured = tf.tensor1d(buffer);
      const f = compile((x: tf.Tensor) => tf.sum(tf.mul(x, captured)));
      const x = tf.ones([size]);
      for (let i = 0; i < 2; i++) f(x);
      buffer.fill(1000);
      expect(f(x).dataSync()[0]).toBe((size * (size - 1)) / 2);
      f.dispose();
    }
  });

  it('is seen to change from one trace to the next', () => {
    const buffer = new Float32Array(SIZE);
    let t = 0;
    const f = compile((x: tf.Tensor) => {
      buffer.set(buffer.map((_, i) => t + i));
      t++;
      return tf.mul(x, tf.tensor1d(buffer));
    });
    const x = tf.ones([SIZE]);
    f(x);
    expect(() => f(x)).toThrow('would be frozen');
  });

  it('feeds a compiled function without a copy', () => {
    const buffer = new Float32Array(SIZE).fill(1);
    const f = compile((x: tf.Tensor) => tf.sum(x));
    const results = [1, 2, 3, 4, 5].map((value) => {
      buffer.fill(value);
      const x = tf.tensor1d(buffer);
      const y = f(x);
      // From the third call on: a replay reads the caller's memory and is done with it.
      if (value > 2) expect(x.dataSync()).toBe(buffer);
      return y;
    });
    expect(results.map((y) => y.dataSync()[0])).toEqual([1, 2, 3, 4, 5].map((value) => value * SIZE));
    f.dispose();
  });
});
