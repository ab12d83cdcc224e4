import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

describe('a concatenation with empty operands', () => {
  const expected = Array.from({ length: 40 }, (_, i) => 2 * i);
  const bodies: [string, (x: tf.Tensor2D) => tf.Tensor][] = [
    ['one and an empty one', (x) => tf.concat([tf.zeros([0, 2]), tf.mul(x, 2)], 0)],
    ['at the last axis', (x) => tf.concat([tf.mul(x, 2), tf.zeros([20, 0])], -1)],
    ['two and an empty one', (x) => tf.concat([tf.mul(x, 2), tf.zeros([0, 2]), x], 0)],
    ['an argument that is empty', (x) => tf.concat([tf.slice(x, [0, 0], [0, 2]), tf.mul(x, 2)], 0)],
  ];
  for (const [name, body] of bodies) {
    it(`leaves them out, plainly and compiled: ${name}`, () => {
      const x = tf.reshape(tf.add(tf.range(0, 40), 0), [20, 2]) as tf.Tensor2D;
      const f = compile(body);
      for (const y of [body(x), f(x), f(x), f(x)]) expect(Array.from(y.dataSync()).slice(0, 40)).toEqual(expected);
      f.dispose();
    });
  }

  it('has a gradient when compiled', () => {
    const x = tf.reshape(tf.add(tf.range(0, 40), 0), [20, 2]);
    const f = compile((v: tf.Tensor) => tf.grad((u) => tf.sum(tf.square(tf.concat([u, tf.zeros([0, 2])], 0))))(v));
    for (let i = 0; i < 3; i++) expect(Array.from(f(x).dataSync())).toEqual(expected);
    f.dispose();
  });

  it('all empty: an empty result; shapes that do not fit are refused', () => {
    const f = compile((x: tf.Tensor) =>
      tf.concat([tf.zeros([0, 2]), tf.zeros([0, 2]), tf.slice(x, [0, 0], [0, 2])], 0),
    );
    const x = tf.ones([20, 2]);
    for (let i = 0; i < 3; i++) expect(f(x).shape).toEqual([0, 2]);
    const g = (v: tf.Tensor) => tf.concat([v, tf.zeros([0, 3])], 0);
    expect(() => g(x)).toThrow(/Shape of tensors.*does not match/);
    f.dispose();
  });
});
