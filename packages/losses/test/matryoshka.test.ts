import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { infoNce, matryoshka } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const matrix = (seed: number, rows = 6, columns = 8) =>
  tf.tensor2d(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin((i + 1) * seed)),
    [rows, columns],
  );
const loss = (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.2 });

describe('matryoshka', () => {
  it('is the weighted sum of the losses of what is left after each cut', () => {
    const [a, b] = [matrix(0.7), matrix(1.9)];
    const cut = (x: Tensor2D, m: number) => tf.slice(x, [0, 0], [6, m]) as Tensor2D;
    const parts = [8, 4, 2].map((m) => loss(cut(a, m), cut(b, m)).dataSync()[0]!);
    const all = matryoshka(a, b, loss, { dimensions: [8, 4, 2], weights: [1, 0.5, 2] });
    expect(all.dataSync()[0]).toBeCloseTo(parts[0]! + 0.5 * parts[1]! + 2 * parts[2]!, 5);
    expect(matryoshka(a, b, loss, { dimensions: [8] }).dataSync()[0]).toBeCloseTo(parts[0]!, 6);
  });

  it('trains the values before a cut only', () => {
    const b = matrix(1.9);
    const gradient = tf.grad((a) => matryoshka(a as Tensor2D, b, loss, { dimensions: [3] }) as Scalar)(matrix(0.7));
    expect(tf.max(tf.abs(tf.slice(gradient, [0, 3], [6, 5]))).dataSync()[0]).toBe(0);
    const own = tf.grad((a) => loss(a as Tensor2D, tf.slice(b, [0, 0], [6, 3]) as Tensor2D))(
      tf.slice(matrix(0.7), [0, 0], [6, 3]),
    );
    expect(tf.slice(gradient, [0, 0], [6, 3])).toBeAllclose(own, { atol: 1e-6 });
  });

  it('refuses lengths and weights that do not fit, and leaks nothing', async () => {
    const [a, b] = [matrix(0.7), matrix(1.9)];
    const make = (options: object) => () => matryoshka(a, b, loss, options as never);
    expect(make({ dimensions: [] })).toThrow(/at least one length/);
    expect(make({ dimensions: [9] })).toThrow(/from 1 to 8, got 9/);
    expect(make({ dimensions: [4, 2], weights: [1] })).toThrow(/weights must be 2 numbers/);
    expect(make({ dimensions: [4], weight: [1] })).toThrow(/did you mean 'weights'/);
    await expectNoLeak(() => matryoshka(a, b, loss, { dimensions: [8, 2] }));
    await expectNoLeakWhenThrowing(make({ dimensions: [0] }), /from 1 to 8, got 0/);
  });
});
