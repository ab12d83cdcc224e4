import { CrossmodalError, Random, randomNormal } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  classifierConsistency,
  frechetDistance,
  inceptionScore,
  kernelInceptionDistance,
  manifoldMetrics,
  rPrecision,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';

useTestBackend();

const normal = (rows: number, columns: number, seed: number) =>
  randomNormal<Tensor2D>([rows, columns], { random: new Random(seed) });

describe('frechetDistance', () => {
  it.each(['frechet', 'frechet_rank_deficient'])('equals torchmetrics on %s', async (name) => {
    const { tensor, value, tolerance } = goldenCase(name);
    const actual = await frechetDistance(tensor('in.x') as Tensor2D, tensor('in.y') as Tensor2D);
    expect(actual).toBeAllclose(value('frechet'), tolerance);
  });

  it('is zero for equal sets, the squared shift for shifted ones, (1 - a)^2 tr C for scaled centred ones', async () => {
    const x = normal(40, 5, 1);
    expect(await frechetDistance(x, x)).toBeAllclose(0, { atol: 1e-5 });
    expect(await frechetDistance(x, tf.add(x, [[1, 0, -2, 0, 0.5]]) as Tensor2D)).toBeAllclose(5.25, { rtol: 1e-4 });
    const centred = tf.sub(x, tf.mean(x, 0)) as Tensor2D;
    const trace = (tf.sum(tf.square(centred)).dataSync()[0] as number) / 39;
    expect(await frechetDistance(centred, tf.mul(centred, 3) as Tensor2D)).toBeAllclose(4 * trace, { rtol: 1e-4 });
  });

  it('does not depend on which set comes first, nor on a rotation of both', async () => {
    const x = normal(12, 20, 2);
    const y = tf.mul(normal(30, 20, 3), 2) as Tensor2D;
    const forward = await frechetDistance(x, y);
    expect(await frechetDistance(y, x)).toBeAllclose(forward, { rtol: 1e-5 });
    const reversed = [tf.reverse(x, 1), tf.reverse(y, 1)] as [Tensor2D, Tensor2D];
    expect(await frechetDistance(...reversed)).toBeAllclose(forward, { rtol: 1e-5 });
  });

  it('refuses what has no covariance, unequal dimensions and NaN', async () => {
    await expect(frechetDistance(normal(1, 3, 1), normal(4, 3, 2))).rejects.toThrow(
      'frechetDistance: real must be features [rows, dimension] with at least 2 rows, got [1,3]',
    );
    await expect(frechetDistance(normal(4, 2, 1), normal(4, 3, 2))).rejects.toThrow('got [4,2] and [4,3]');
    const bad = tf.tensor2d([
      [1, Number.NaN],
      [0, 0],
    ]);
    const error = await frechetDistance(normal(4, 2, 1), bad).catch((e: unknown) => e);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect(String(error)).toContain('generated must be finite, got NaN in row 0, column 1');
  });
});

describe('kernelInceptionDistance', () => {
  it('equals torchmetrics', async () => {
    const { tensor, value, options, tolerance } = goldenCase('kid');
    const { degree, gamma, coef } = options as { degree: number; gamma: number; coef: number };
    const actual = await kernelInceptionDistance(tensor('in.x') as Tensor2D, tensor('in.y') as Tensor2D, {
      degree,
      gamma,
      coefficient: coef,
    });
    expect(actual.mean).toBeAllclose(value('kid'), tolerance);
    expect(actual.standardDeviation).toBe(0);
  });

  it('equals a double loop, for sets of unequal size', async () => {
    const x = normal(7, 3, 4);
    const y = normal(5, 3, 5);
    const [a, b] = [x.arraySync(), y.arraySync()];
    const k = (p: number[], q: number[]) => (p.reduce((s, v, i) => s + v * (q[i] as number), 0) / 3 + 1) ** 3;
    const within = (rows: number[][]) => {
      let sum = 0;
      rows.forEach((p, i) => {
        rows.forEach((q, j) => {
          if (i !== j) sum += k(p, q);
        });
      });
      return sum / (rows.length * (rows.length - 1));
    };
    const across = a.flatMap((p) => b.map((q) => k(p, q))).reduce((s, v) => s + v, 0) / (a.length * b.length);
    const { mean } = await kernelInceptionDistance(x, y);
    expect(mean).toBeAllclose(within(a) + within(b) - 2 * across, { rtol: 1e-6 });
  });

  it('averages random subsets by seed, near zero for one distribution and far for two', async () => {
    const x = normal(80, 4, 6);
    const options = { subsets: 10, subsetSize: 30, seed: 3 };
    const same = await kernelInceptionDistance(x, normal(80, 4, 7), options);
    const other = await kernelInceptionDistance(x, tf.add(normal(80, 4, 7), 1) as Tensor2D, options);
    expect(Math.abs(same.mean)).toBeLessThan(0.5);
    expect(other.mean).toBeGreaterThan(2);
    expect(same.standardDeviation).toBeGreaterThan(0);
    expect(await kernelInceptionDistance(x, normal(80, 4, 7), options)).toEqual(same);
    await expect(kernelInceptionDistance(x, x, { subsets: 2, subsetSize: 81 })).rejects.toThrow('from 2 to 80');
  });
});

describe('manifoldMetrics', () => {
  it('equals the reference on the golden case', async () => {
    const { tensor, value, options, tolerance } = goldenCase('manifold_k3');
    const actual = await manifoldMetrics(tensor('in.real') as Tensor2D, tensor('in.fake') as Tensor2D, {
      neighbours: options['k'] as number,
    });
    for (const name of ['precision', 'recall', 'density', 'coverage'] as const) {
      expect(actual[name]).toBeAllclose(value(name), tolerance);
    }
  });

  it('tells missing variety from missing fidelity', async () => {
    const real = normal(60, 2, 8);
    const collapsed = tf.mul(normal(60, 2, 9), 0.05) as Tensor2D;
    const scattered = tf.mul(normal(60, 2, 10), 6) as Tensor2D;
    const narrow = await manifoldMetrics(real, collapsed);
    const wide = await manifoldMetrics(real, scattered);
    expect(narrow.precision).toBeGreaterThan(0.9);
    expect(narrow.recall).toBeLessThan(0.2);
    expect(wide.precision).toBeLessThan(0.4);
    expect(wide.recall).toBeGreaterThan(0.8);
    expect(await manifoldMetrics(real, real)).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
    await expect(manifoldMetrics(real, real, { neighbours: 60 })).rejects.toThrow('from 1 to 59');
  });
});

describe('inceptionScore', () => {
  it('equals the reference on the golden case', async () => {
    const { tensor, value, tolerance } = goldenCase('inception_score');
    expect(await inceptionScore(tensor('in.probabilities') as Tensor2D)).toBeAllclose(value('score'), tolerance);
  });

  it('is 1 for samples all alike and the number of classes for sure and even ones', async () => {
    expect(await inceptionScore(tf.fill([6, 3], 1 / 3) as Tensor2D)).toBeAllclose(1);
    expect(await inceptionScore(tf.eye(3))).toBeAllclose(3);
    await expect(inceptionScore(tf.tensor2d([[2, -1]]))).rejects.toThrow('must not be negative');
    await expect(inceptionScore(tf.tensor2d([[2, 1]]))).rejects.toThrow('pass probabilities, not logits');
  });
});

describe('rPrecision', () => {
  it('is 1 for embeddings that match and chance for shuffled ones', async () => {
    const texts = normal(200, 16, 11);
    const images = tf.add(texts, tf.mul(normal(200, 16, 12), 0.3)) as Tensor2D;
    const right = await rPrecision(images, texts, { candidates: 10 });
    const order = new Random(1).shuffle([...Array(200).keys()]);
    const shuffled = tf.gather(images, tf.tensor1d(order, 'int32')) as Tensor2D;
    const wrong = await rPrecision(shuffled, texts, { candidates: 10 });
    expect(right).toEqual({ precision: 1, chance: 0.1, candidates: 10 });
    expect(Math.abs(wrong.precision - 0.1)).toBeLessThan(0.07);
  });

  it('counts a tie as a miss, and keeps equal conditions out of the comparison', async () => {
    const texts = tf.tensor2d([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    expect((await rPrecision(texts, texts, { candidates: 3 })).precision).toBeAllclose(1 / 3);
    expect((await rPrecision(texts, texts, { candidates: 2, labels: ['a', 'a', 'b'] })).precision).toBe(1);
    await expect(rPrecision(texts, texts, { candidates: 3, labels: ['a', 'a', 'b'] })).rejects.toThrow(
      'row 0 needs 2 other conditions to be compared with, there are 1',
    );
  });
});

describe('classifierConsistency', () => {
  it('counts per class, and says what always naming the most frequent class would give', async () => {
    const scores = tf.tensor2d([
      [2, 1, 0],
      [0, 3, 0],
      [5, 0, 0],
      [0, 0, 1],
    ]);
    const { accuracy, chance, perClass } = await classifierConsistency(scores, [0, 1, 1, 1]);
    expect([accuracy, chance]).toEqual([0.5, 0.75]);
    expect(perClass).toEqual([1, 1 / 3, Number.NaN]);
    await expect(classifierConsistency(scores, [0, 1, 3, 1])).rejects.toThrow('from 0 to 2, got 3 in row 2');
  });
});

it('metrics leave no tensors behind, when they throw either', async () => {
  const x = normal(8, 3, 1);
  const narrow = normal(8, 2, 1);
  for (const y of [normal(8, 3, 2), narrow]) {
    const check = (f: Parameters<typeof expectNoLeak>[0]) =>
      y !== narrow ? expectNoLeak(f) : expectNoLeakWhenThrowing(f, 'must have features of one dimension');
    await check(async () => void (await frechetDistance(x, y)));
    await check(async () => void (await kernelInceptionDistance(x, y)));
    await check(async () => void (await manifoldMetrics(x, y)));
    await check(async () => void (await rPrecision(x, y, { candidates: 3 })));
  }
});
