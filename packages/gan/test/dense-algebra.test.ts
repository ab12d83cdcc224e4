import { Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix, QrDecomposition, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { frechetDistance } from '../src/index.js';
import {
  Breather,
  choleskyFactor,
  type Dense,
  symmetricEigenvalues,
  timesTransposed,
  transposed,
} from '../src/metrics/dense-algebra.js';
import { useTestBackend } from './backend.js';

useTestBackend();

function dense(rows: number, columns: number, seed: number): Dense {
  const random = new Random(seed);
  return { data: Float64Array.from({ length: rows * columns }, () => random.uniform() - 0.5), rows, columns };
}
const matrixOf = ({ data, rows, columns }: Dense) => Matrix.from1DArray(rows, columns, Array.from(data));

describe('dense algebra', () => {
  it.each([
    [1, 1, 1],
    [4, 4, 9],
    [7, 5, 3],
    [13, 18, 6],
    [70, 133, 515], // several panels and blocks
  ])('multiplies [%i, k] by [%i, k], k = %i', async (m, n, k) => {
    const [a, b] = [dense(m, k, 1), dense(n, k, 2)];
    const expected = matrixOf(a).mmul(matrixOf(b).transpose()).to1DArray();
    expect((await timesTransposed(a, b, new Breather())).data).toBeAllclose(expected, { rtol: 1e-12, atol: 1e-13 });
    const gram = matrixOf(a).mmul(matrixOf(a).transpose()).to1DArray();
    expect((await timesTransposed(a, a, new Breather())).data).toBeAllclose(gram, { rtol: 1e-12, atol: 1e-13 });
  });

  it.each([1, 2, 3, 8, 33])('finds the eigenvalues of %i x %i, also of low rank', async (n) => {
    for (const rank of [n, Math.ceil(n / 2)]) {
      const a = dense(n, rank, n);
      const square = await timesTransposed(a, a, new Breather());
      const ours = (await symmetricEigenvalues(square, new Breather())).sort();
      const theirs = new EigenvalueDecomposition(matrixOf(square), { assumeSymmetric: true }).realEigenvalues.sort(
        (x, y) => x - y,
      );
      expect(ours).toBeAllclose(theirs, { rtol: 1e-11, atol: 1e-12 });
    }
  });

  it('factors a covariance, also of low rank', async () => {
    // The larger ones take several strips, and end beside a tile of four.
    for (const [n, rank] of [
      [12, 12],
      [12, 5],
      [131, 140],
      [130, 60],
    ] as const) {
      const a = dense(n, rank, rank);
      const square = await timesTransposed(a, a, new Breather());
      const columns = transposed(await choleskyFactor(square, new Breather()));
      expect((await timesTransposed(columns, columns, new Breather())).data).toBeAllclose(square.data, {
        rtol: 1e-6,
        atol: 1e-7,
      });
    }
  });
});

describe('frechetDistance', () => {
  it.each([
    [60, 80, 12],
    [9, 80, 12],
    [9, 7, 12],
  ])('of %i and %i rows in %i dimensions is that of the singular values', async (n, m, d) => {
    const [x, y] = [dense(n, d, 1), dense(m, d, 2)];
    const parts = [x, y].map((rows) => {
      const matrix = matrixOf(rows);
      const mean = matrix.mean('column');
      const centred = matrix
        .clone()
        .subRowVector(mean)
        .div(Math.sqrt(rows.rows - 1));
      const factor = rows.rows > d ? new QrDecomposition(centred).upperTriangularMatrix : centred;
      return { mean, factor, trace: centred.dot(centred) };
    }) as [{ mean: number[]; factor: Matrix; trace: number }, { mean: number[]; factor: Matrix; trace: number }];
    const [first, second] = parts;
    const nuclear = new SingularValueDecomposition(first.factor.mmul(second.factor.transpose()), {
      autoTranspose: true,
    }).diagonal;
    const shift = first.mean.reduce((sum, value, i) => sum + (value - (second.mean[i] as number)) ** 2, 0);
    const expected = shift + first.trace + second.trace - 2 * nuclear.reduce((sum, value) => sum + value, 0);
    const tensor = ({ data, rows, columns }: Dense) =>
      tf.tensor2d(Float32Array.from(data), [rows, columns]) as Tensor2D;
    expect(await frechetDistance(tensor(x), tensor(y))).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-6 });
  });

  it('lets timers go on', async () => {
    const d = 384;
    const x = tf.randomNormal([d + 50, d], 0, 1, 'float32', 1) as Tensor2D;
    const y = tf.randomNormal([d + 50, d], 0.1, 1, 'float32', 2) as Tensor2D;
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const start = performance.now();
    await frechetDistance(x, y);
    const whole = performance.now() - start;
    clearInterval(timer);
    // In pieces of some ten milliseconds; a busy machine makes them longer, and as much the whole.
    expect(longest).toBeLessThan(Math.max(150, whole / 3));
  });
});
