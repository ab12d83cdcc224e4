import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';

const backend = () => tf.backend() as OnnxBackend;

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});

let builds = 0;
beforeEach(() => {
  builds = backend().statistics.builds;
});
const built = (): number => backend().statistics.builds - builds;

const ROWS = 1_000;

describe('attributes that change from call to call', () => {
  it('a thousand slices of a tensor on the host build nothing', () => {
    const data = tf.tensor(
      Float32Array.from({ length: ROWS * 50 }, (_, i) => i),
      [ROWS, 50],
    );
    for (let i = 0; i < ROWS; i++)
      expect(tf.tidy(() => tf.slice(data, [i, 0], [1, 50]).dataSync()[49])).toBe(i * 50 + 49);
    expect(built()).toBe(0);
    data.dispose();
  });

  it('a thousand slices of a recorded tensor build two sessions, also with their gradients', () => {
    const x = tf.tensor(
      Float32Array.from({ length: 3 * 4 * ROWS }, (_, i) => i / ROWS),
      [3, 4, ROWS],
    );
    for (let i = 0; i + 5 <= ROWS; i++) {
      const at: [number, number, number] = [i % 3, 0, i];
      tf.tidy(() => {
        const y = tf.mul(tf.slice(tf.add(x, 1), at, [1, 4, 5]), 2).dataSync();
        const expected = Array.from({ length: 20 }, (_, j) => {
          const place = (at[0] * 4 + Math.floor(j / 5)) * ROWS + i + (j % 5);
          return 2 * (Math.fround(place / ROWS) + 1);
        });
        expect(y).toBeAllclose(expected);
      });
    }
    expect(built()).toBe(2);
    for (let i = 0; i < 100; i++) {
      tf.tidy(() => {
        const gradient = tf
          .grad((v) => tf.sum(tf.square(tf.slice(v, [1, 0, i], [1, 4, 5]))))(x)
          .dataSync();
        const hit = 4 * ROWS + 2 * ROWS + i + 3;
        expect(gradient[hit]).toBeCloseTo((2 * hit) / ROWS, 4);
        expect(Array.from(gradient).filter((v) => v !== 0)).toHaveLength(20);
      });
    }
    expect(built()).toBeLessThanOrEqual(6);
    x.dispose();
  });

  it('a thousand fills build two sessions', () => {
    const x = tf.zeros([100]);
    for (let i = 0; i < 1_000; i++) {
      const value = i / 7;
      expect(tf.tidy(() => tf.add(x, tf.fill([100], value)).dataSync()[99])).toBeCloseTo(value, 4);
    }
    expect(built()).toBeLessThanOrEqual(2);
    x.dispose();
  });

  it('in compiled functions they are parts of the graph', () => {
    const f = compile((x: tf.Tensor, i: number) => tf.slice(tf.add(x, i), [i], [40]));
    const x = tf.tensor(Float32Array.from({ length: 100 }, (_, i) => i));
    for (let i = 0; i < 5; i++) {
      for (let k = 0; k < 3; k++) expect(tf.tidy(() => f(x, i).dataSync()[39])).toBe(2 * i + 39);
    }
    expect(built()).toBeGreaterThanOrEqual(5);
    f.dispose();
    x.dispose();
  });

  it('a slice of a variable keeps its numbers when compiled steps write the variable', () => {
    const weight = tf.variable(tf.tensor(Float32Array.from({ length: 20 }, (_, i) => i)));
    const step = compile(() => {
      weight.assign(tf.add(weight, 100));
    });
    for (let i = 0; i < 3; i++) step();
    const part = tf.slice(weight, [5], [10]);
    for (let i = 0; i < 4; i++) step();
    expect(part.dataSync()).toBeAllclose(Float32Array.from({ length: 10 }, (_, i) => 305 + i));
    expect(weight.dataSync()[0]).toBe(700);
    step.dispose();
    tf.dispose([part, weight]);
  });
});
