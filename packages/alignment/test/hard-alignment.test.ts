import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { canonicalCorrelation, leastSquares, procrustes } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

describe('procrustes', () => {
  it('agrees with scipy', async () => {
    const { entry, input, output } = goldenCase('distribution', 'procrustes');
    const alignment = await procrustes(input('a') as Tensor2D, input('b') as Tensor2D);
    expect(alignment.rotation).toBeAllclose(output('rotation'), entry.tolerance);
    expect(alignment.nuclear).toBeAllclose(output('nuclear'), entry.tolerance);
    expect(alignment.scale).toBeAllclose(output('scale'), entry.tolerance);
    expect(alignment.residual).toBeAllclose(output('residual'), entry.tolerance);
  });

  it('recovers rotation, scale and translation exactly', async () => {
    const a = seededMatrix(40, 3, 1);
    const angle = 0.7;
    const rotation = tf.tensor2d([
      [Math.cos(angle), Math.sin(angle), 0],
      [-Math.sin(angle), Math.cos(angle), 0],
      [0, 0, 1],
    ]);
    const b = tf.add(tf.mul(tf.matMul(a, rotation), 2.5), tf.tensor1d([3, -1, 4])) as Tensor2D;
    const alignment = await procrustes(a, b, { centered: true, scaled: true });
    expect(alignment.rotation).toBeAllclose(rotation, { atol: 1e-5 });
    expect(alignment.scale).toBeCloseTo(2.5, 4);
    expect(alignment.residual).toBeLessThan(1e-6);
    const difference = tf.sub(alignment.embedA(a), alignment.embedB(b));
    expect(tf.max(tf.abs(difference))).toBeAllclose(0, { atol: 1e-4 });
  });

  it('keeps the determinant positive when mirror images are refused', async () => {
    const a = seededMatrix(20, 2, 2);
    const b = tf.mul(a, tf.tensor1d([1, -1])) as Tensor2D;
    expect((await procrustes(a, b)).rotation).toBeAllclose(
      [
        [1, 0],
        [0, -1],
      ],
      { atol: 1e-5 },
    );
    const [[p, q], [r, s]] = (await procrustes(a, b, { reflections: false })).rotation.arraySync() as [
      [number, number],
      [number, number],
    ];
    expect(p * s - q * r).toBeCloseTo(1, 5);
  });

  it('is no worse than any small turn of its answer', async () => {
    const a = seededMatrix(30, 4, 3);
    const b = seededMatrix(30, 4, 4);
    const { rotation, residual } = await procrustes(a, b);
    const best = tf.sum(tf.square(tf.sub(tf.matMul(a, rotation), b))).dataSync()[0] as number;
    expect(best).toBeCloseTo(residual, 3);
    for (const [i, j] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ] as const) {
      for (const angle of [0.05, -0.05]) {
        const turn = tf.eye(4).arraySync() as number[][];
        const [rowI, rowJ] = [turn[i] as number[], turn[j] as number[]];
        rowI[i] = Math.cos(angle);
        rowJ[j] = Math.cos(angle);
        rowI[j] = Math.sin(angle);
        rowJ[i] = -Math.sin(angle);
        const turned = tf.matMul(a, tf.matMul(rotation, tf.tensor2d(turn)));
        expect(tf.sum(tf.square(tf.sub(turned, b))).dataSync()[0]).toBeGreaterThan(best);
      }
    }
  });

  it('refuses matrices that do not fit', async () => {
    await expect(procrustes(tf.zeros([3, 2]), tf.zeros([4, 2]))).rejects.toThrow(
      'procrustes: a and b must be matrices [pairs, dimension] with equally many rows, got [3,2] and [4,2]',
    );
    await expect(procrustes(tf.zeros([3, 2]), tf.zeros([3, 4]))).rejects.toThrow(
      'use leastSquares or canonicalCorrelation',
    );
    await expect(procrustes(tf.fill([3, 2], Number.NaN), tf.zeros([3, 2]))).rejects.toThrow(
      'a must be finite, got NaN',
    );
  });
});

describe('leastSquares', () => {
  it('recovers an affine map, also from dependent columns', async () => {
    const a = seededMatrix(50, 3, 5);
    const weight = seededMatrix(3, 2, 6);
    const b = tf.add(tf.matMul(a, weight), tf.tensor1d([1, -2])) as Tensor2D;
    const exact = await leastSquares(a, b);
    expect(exact.weight).toBeAllclose(weight, { atol: 1e-5 });
    expect(exact.residual).toBeLessThan(1e-8);
    expect(exact.embedA(a)).toBeAllclose(b, { atol: 1e-5 });
    expect(exact.embedB(b)).toBeAllclose(b);
    // The first column twice: the solution of smallest norm halves its weight.
    const twice = tf.concat([tf.slice(a, [0, 0], [50, 1]), a], 1) as Tensor2D;
    const dependent = await leastSquares(twice, b);
    const [first, second] = tf.split(dependent.weight, [1, 3]);
    expect(first as Tensor2D).toBeAllclose(tf.mul(tf.slice(weight, [0, 0], [1, 2]), 0.5) as Tensor2D, { atol: 1e-4 });
    expect(tf.slice(second as Tensor2D, [0, 0], [1, 2])).toBeAllclose(first as Tensor2D, { atol: 1e-4 });
  });

  it('meets the normal equations of ridge regression', async () => {
    const a = seededMatrix(30, 4, 7);
    const b = seededMatrix(30, 3, 8);
    const { weight } = await leastSquares(a, b, { regularisation: 2, intercept: false });
    const left = tf.add(tf.matMul(a, tf.matMul(a, weight), true), tf.mul(weight, 2));
    expect(left).toBeAllclose(tf.matMul(a, b, true), { atol: 1e-4, rtol: 1e-4 });
    await expect(leastSquares(a, b, { regularisation: -1 })).rejects.toThrow('must be finite and not negative, got -1');
  });
});

describe('canonicalCorrelation', () => {
  it.each(['cca_reg0', 'cca_reg0.1'])('agrees with scikit-learn and the formula: %s', async (name) => {
    const { entry, input, output } = goldenCase('distribution', name);
    const { k, reg } = entry.options as { k: number; reg: number };
    const alignment = await canonicalCorrelation(input('x') as Tensor2D, input('y') as Tensor2D, {
      dimension: k,
      regularisation: reg,
    });
    expect(alignment.correlations).toBeAllclose(output('correlations'), entry.tolerance);
    expect(alignment.weightsA).toBeAllclose(output('weights_x'), entry.tolerance);
    expect(alignment.weightsB).toBeAllclose(output('weights_y'), entry.tolerance);
    // The variates' own correlations, measured.
    const u = alignment.embedA(input('x') as Tensor2D);
    const v = alignment.embedB(input('y') as Tensor2D);
    const norm = (x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x), 0));
    const pearson = tf.div(tf.sum(tf.mul(u, v), 0), tf.mul(norm(u), norm(v)));
    expect(pearson).toBeAllclose(output('pearson_of_variates'), entry.tolerance);
  });

  it('finds the one shared direction', async () => {
    const shared = seededMatrix(200, 1, 9);
    const a = tf.concat([seededMatrix(200, 2, 10), shared], 1) as Tensor2D;
    const b = tf.concat([shared, seededMatrix(200, 3, 11)], 1) as Tensor2D;
    const { correlations } = await canonicalCorrelation(a, b);
    expect(correlations.shape).toEqual([3]);
    expect(correlations.arraySync()[0]).toBeCloseTo(1, 4);
    expect(correlations.arraySync()[1]).toBeLessThan(0.4);
  });

  it('survives dependent columns and refuses impossible dimensions', async () => {
    const a = seededMatrix(20, 2, 12);
    const degenerate = tf.concat([a, a, tf.zeros([20, 1])], 1) as Tensor2D;
    const { correlations } = await canonicalCorrelation(degenerate, a, { dimension: 2 });
    expect(correlations).toBeAllclose([1, 1], { atol: 1e-4 });
    await expect(canonicalCorrelation(a, a, { dimension: 3 })).rejects.toThrow(
      'dimension must be an integer from 1 to 2, got 3',
    );
    await expect(canonicalCorrelation(tf.zeros([1, 2]), tf.zeros([1, 2]))).rejects.toThrow('at least two pairs, got 1');
  });
});

it('leaks nothing, on the throwing paths neither', async () => {
  const a = seededMatrix(10, 2, 13);
  const b = seededMatrix(10, 3, 14);
  await expectNoLeak(async () => (await procrustes(a, a, { centered: true })).dispose());
  await expectNoLeak(async () => (await leastSquares(a, b)).dispose());
  await expectNoLeak(async () => (await canonicalCorrelation(a, b)).dispose());
  await expectNoLeak(async () => {
    const alignment = await canonicalCorrelation(a, b);
    tf.dispose([alignment.embedA(a), alignment.embedB(b)]);
    alignment.dispose();
  });
  await expectNoLeakWhenThrowing(
    async () => void (await procrustes(a, b)),
    'procrustes: a and b must have equally many columns',
  );
  await expectNoLeakWhenThrowing(
    async () => void (await leastSquares(a, b, { regularisation: Number.NaN })),
    'leastSquares: regularisation must be finite and no',
  );
});
