import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, type OnnxBackend, registerOnnxBackend } from '../../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const first = (tensor: tf.Tensor): number => tensor.dataSync()[0]!;
const stateOf = (tensor: tf.Tensor): string => (tf.backend() as OnnxBackend).tensors.of(tensor.dataId).state.kind;

/** A compiled step of Adam on sum((w - target)^2). */
function stepTowards(w: tf.Variable, target: number) {
  const optimizer = tf.train.adam(0.1);
  return compile(() => optimizer.minimize(() => tf.sum(tf.square(tf.sub(w, target))) as tf.Scalar, true, [w])!);
}

describe('a snapshot of a variable keeps its numbers', () => {
  it('when the variable is reset and trained on', () => {
    const w = tf.variable(tf.fill([16], 1));
    const step = stepTowards(w, 90);
    for (let i = 0; i < 3; i++) step();
    const snapshot = tf.clone(w);
    w.assign(tf.fill([16], 7));
    step();
    expect(first(snapshot)).toBeCloseTo(1.29999, 4);
    expect(first(w)).toBeGreaterThan(7);
    step.dispose();
  });

  it('when two compiled functions train the variable in turn', () => {
    const w = tf.variable(tf.fill([16], 1));
    const [a, b] = [stepTowards(w, 50), stepTowards(w, 90)];
    for (let i = 0; i < 3; i++) {
      a();
      b();
    }
    const snapshot = tf.clone(w);
    a();
    b();
    expect(first(snapshot)).toBeCloseTo(1.59993, 4);
    a.dispose();
    b.dispose();
  });

  it('when it goes through another backend, and when the variable is gone', async () => {
    const w = tf.variable(tf.fill([16], 1));
    const step = stepTowards(w, 90);
    for (let i = 0; i < 3; i++) step();
    expect(stateOf(w)).toBe('resident');
    const snapshot = tf.keep(tf.clone(w));
    await tf.setBackend('cpu');
    const sum = tf.keep(tf.add(w, 1));
    await tf.setBackend('onnx');
    step();
    w.dispose();
    expect(first(snapshot)).toBeCloseTo(1.3, 4);
    expect(first(sum)).toBeCloseTo(2.3, 4);
    step.dispose();
    tf.dispose([snapshot, sum]);
  });

  it('when averaged weights are swapped in for an evaluation, and out again', () => {
    const w = tf.variable(tf.fill([16], 1));
    const average = tf.variable(tf.fill([16], 1));
    const step = stepTowards(w, 90);
    const follow = compile((rate: tf.Scalar) => {
      average.assign(tf.add(tf.mul(average, tf.sub(1, rate)), tf.mul(w, rate)));
      return tf.sum(average);
    });
    const swap = () => {
      const [x, y] = [tf.clone(w), tf.clone(average)];
      w.assign(y);
      average.assign(x);
    };
    const rate = tf.scalar(0.5);
    for (let i = 0; i < 4; i++) {
      step();
      follow(rate);
    }
    const trained = first(tf.add(w, 0));
    const expected = first(tf.add(average, 0));
    swap();
    expect([first(tf.neg(w)), first(tf.neg(average))]).toEqual([-expected, -trained]);
    swap();
    for (let i = 0; i < 2; i++) {
      step();
      follow(rate);
    }
    expect(first(w)).toBeGreaterThan(trained);
    step.dispose();
    follow.dispose();
  });
});

describe('a tensor keeps its numbers', () => {
  it('when a variable was assigned a part of it, and is written by compiled steps', () => {
    const x = tf.range(0, 16);
    const a = tf.add(x, x);
    const w = tf.variable(tf.zeros([16]));
    const step = compile((y: tf.Tensor) => {
      const next = tf.add(w, y);
      w.assign(next);
      return tf.sum(y);
    });
    const one = tf.ones([16]);
    for (let i = 0; i < 3; i++) step(one);
    w.assign(tf.slice(a, 0, 16));
    for (let i = 0; i < 4; i++) step(one);
    expect(Array.from(a.dataSync())).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i));
    expect(Array.from(w.dataSync())).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i + 4));
    step.dispose();
  });
});

describe('a variable has its newest numbers', () => {
  it('uncompiled, where it was all ones, which a graph holds as one number', () => {
    const w = tf.variable(tf.ones([2000]));
    const m = tf.variable(tf.zeros([2000]));
    const step = compile((g: tf.Tensor) => {
      const next = tf.add(tf.mul(m, 0.5), tf.mul(g, 0.25));
      m.assign(next);
      w.assign(tf.sub(w, tf.div(next, tf.add(tf.abs(next), 1))));
      return tf.sum(g);
    });
    const [zeros, ones] = [tf.zeros([2000]), tf.ones([2000])];
    for (let i = 0; i < 3; i++) step(zeros);
    expect(first(tf.sum(w))).toBe(2000);
    step(ones);
    expect(first(tf.sum(w))).toBeLessThan(1700);
    step.dispose();
  });
});
