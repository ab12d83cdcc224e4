import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../src/index.js';

const SIZE = 64;

for (const exact of [false, true]) {
  describe(`the gradient of a step, exact: ${exact}`, () => {
    beforeAll(async () => {
      registerOnnxBackend({ threads: 1, hostThreshold: 32, exact });
      await tf.setBackend('onnx');
    });
    afterAll(() => tf.removeBackend('onnx'));
    beforeEach(() => tf.engine().startScope());
    afterEach(() => tf.engine().endScope());

    const xs = Float32Array.from({ length: SIZE }, (_, i) => i - SIZE / 2);
    const ys = Float32Array.from({ length: SIZE }, (_, i) => 1 + (i % 7));

    it('y step(x, alpha) at every slope, below 0 and above 1 as well', () => {
      for (const alpha of [-2, -0.5, 0, 0.25, 1, 2, 1e3]) {
        const result = tf.mul(tf.tensor1d(ys), tf.step(tf.tensor1d(xs), alpha)).dataSync();
        expect(result).toBeAllclose(ys.map((y, i) => y * (xs[i]! > 0 ? 1 : alpha)));
      }
    });

    it('where(x > 0, dy, alpha dy) at every slope', () => {
      for (const alpha of [-2, -0.5, 0, 0.25, 1, 2, 1e3]) {
        const [x, dy] = [tf.tensor1d(xs), tf.tensor1d(ys)];
        const result = tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha)).dataSync();
        expect(result).toBeAllclose(ys.map((y, i) => y * (xs[i]! > 0 ? 1 : alpha)));
        // Compiled, alpha is a constant of the graph.
        const f = compile((v: tf.Tensor, d: tf.Tensor) => tf.where(tf.greater(v, 0), d, tf.mul(d, alpha)));
        for (let i = 0; i < 3; i++) expect(f(x, dy).dataSync()).toBeAllclose(result);
        f.dispose();
        const gradient = tf
          .grad((v) => tf.sum(tf.leakyRelu(v, alpha)))(x)
          .dataSync();
        expect(gradient).toBeAllclose(xs.map((v) => (v > 0 ? 1 : alpha)));
      }
    });

    it('at denormal numbers: exact only where that was asked for', () => {
      const x = tf.fill([SIZE], 1e-40);
      const gradient = tf
        .grad((v) => tf.sum(tf.relu(tf.add(v, tf.zeros([SIZE])))))(x)
        .dataSync()[0]!;
      if (exact) expect(gradient).toBe(1);
      else expect(gradient).toBeCloseTo(3e-2, 3);
    });
  });
}
