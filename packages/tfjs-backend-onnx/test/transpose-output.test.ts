import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../src/index.js';

/** Where both factors are transposed, ONNX Runtime 1.30 removes the one that somebody reads, and the process ends. */
describe('a transposed matrix that is both read and multiplied with', () => {
  beforeAll(async () => {
    registerOnnxBackend({ hostThreshold: 32 });
    await tf.setBackend('onnx');
  });

  const numbers = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i));
  const both = (x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor[] => {
    const turned = tf.transpose(w);
    return [turned, tf.matMul(tf.transpose(x), turned)];
  };

  it.each([
    ['recorded', both],
    ['compiled', compile(both)],
  ])('%s', (_name, f) => {
    const x = tf.tensor2d(numbers(16 * 8), [16, 8]);
    const w = tf.tensor2d(numbers(12 * 16), [12, 16]);
    for (let call = 0; call < 3; call++) {
      const [turned, y] = f(x, w) as [tf.Tensor, tf.Tensor];
      const [t, sums] = [turned.dataSync(), y.dataSync()];
      const wanted = numbers(12 * 16);
      for (let i = 0; i < 16; i++) for (let j = 0; j < 12; j++) expect(t[i * 12 + j]).toBe(wanted[j * 16 + i]);
      let sum = 0;
      for (let i = 0; i < 16; i++) sum += numbers(128)[i * 8 + 7]! * wanted[11 * 16 + i]!;
      expect(sums[8 * 12 - 1]).toBeCloseTo(sum, 5);
      tf.dispose([turned, y]);
    }
    tf.dispose([x, w]);
  });
});
