import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { infoNce, sinkhornCost } from '../src/index.js';
import { similarityLogSumExp } from '../src/internal/similarity-log-sum-exp.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;

/**
 * The most bytes that a function and its gradients hold at a time, beyond what was there. TensorFlow.js counts a clone, which shares its
 * data, as new bytes for as long as it lives: the moments at which clones are made do not count.
 */
async function peakBytes(f: (...inputs: Tensor[]) => tf.Scalar, inputs: Tensor[]): Promise<number> {
  const before = tf.memory().numBytes;
  const { kernels } = await tf.profile(() => {
    const { value, grads } = tf.valueAndGrads(f)(inputs);
    return [value, ...grads];
  });
  const counted = kernels.filter(({ name }) => name !== 'Identity').map((kernel) => kernel.totalBytesSnapshot);
  return Math.max(...counted) - before;
}

describe('memory of infoNce', () => {
  const [batch, width] = [1100, 4]; // above 2^20 entries
  const matrix = 4 * batch * batch; // bytes of one batch x batch matrix
  const loss = (options: object) => (a: Tensor, b: Tensor) =>
    infoNce(a as Tensor2D, b as Tensor2D, { temperature: 0.2, ...options });

  it('holds one matrix, in blocks, for a large batch', async () => {
    const inputs = [noise(batch, width, 1), noise(batch, width, 2)];
    const peak = await peakBytes(loss({}), inputs);
    expect(peak).toBeLessThan(1.75 * matrix); // the matrix, and about five temporaries of an eighth
    tf.dispose(inputs);
  });

  it('holds a few blocks only with blockRows', async () => {
    const inputs = [noise(batch, width, 1), noise(batch, width, 2)];
    const peak = await peakBytes(loss({ blockRows: 55 }), inputs);
    expect(peak).toBeLessThan(0.45 * matrix); // about seven blocks of a twentieth
    tf.dispose(inputs);
  });

  it('gives the same value and gradients either way', () => {
    tf.tidy(() => {
      const inputs = [noise(batch, width, 1), noise(batch, width, 2)];
      const [kept, made] = [{}, { blockRows: 250 }].map((options) => tf.valueAndGrads(loss(options))(inputs));
      expect(made?.value as Tensor).toBeAllclose(kept?.value as Tensor, { rtol: 1e-6 });
      for (const i of [0, 1]) {
        expect(made?.grads[i] as Tensor).toBeAllclose(kept?.grads[i] as Tensor, { rtol: 1e-4, atol: 1e-7 });
      }
    });
  });
});

it('similarityLogSumExp of a tall, a wide and a blocked matrix', () => {
  tf.tidy(() => {
    for (const [n, m] of [
      [7, 3],
      [3, 7],
      [5, 5],
    ] as const) {
      const [u, v] = [noise(n, 4, 1), noise(m, 4, 2)];
      const s = tf.matMul(u, v, false, true);
      for (const blockRows of [undefined, 2, 100]) {
        const { rows, columns } = similarityLogSumExp(u, v, { blockRows });
        expect(rows).toBeAllclose(tf.logSumExp(s, 1), { rtol: 1e-5, atol: 1e-6 });
        expect(columns).toBeAllclose(tf.logSumExp(s, 0), { rtol: 1e-5, atol: 1e-6 });
      }
    }
  });
});

it('sinkhornCost keeps nothing of its iterations for the gradient', async () => {
  const inputs = [noise(100, 3, 1), noise(100, 3, 2)];
  const loss = (iterations: number) => (x: Tensor, y: Tensor) =>
    sinkhornCost(x as Tensor2D, y as Tensor2D, { epsilon: 1, iterations });
  const few = await peakBytes(loss(2), inputs);
  const many = await peakBytes(loss(40), inputs);
  expect(many).toBeLessThan(1.1 * few);
  tf.dispose(inputs);
});
