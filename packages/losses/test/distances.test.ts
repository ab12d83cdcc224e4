import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DistanceName, pairedDistance, pairwiseDistance } from '../src/index.js';
import { useTestBackend } from './backend.js';
import * as plain from './naive.js';

useTestBackend();

const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;

const naive: Record<DistanceName, (x: number[], y: number[]) => number> = {
  cosine: (x, y) => 1 - plain.cosine(x, y),
  dot: (x, y) => -plain.dot(x, y),
  euclidean: plain.euclidean,
  'squared-euclidean': plain.squared,
  manhattan: (x, y) => plain.sum(plain.minus(x, y).map(Math.abs)),
  angular: (x, y) => Math.acos(Math.min(1, Math.max(-1, plain.cosine(x, y)))),
};

describe.each(Object.keys(naive) as DistanceName[])('%s', (distance) => {
  it('equals the naive loop; paired is the diagonal of pairwise', () => {
    tf.tidy(() => {
      const [a, b] = [noise(7, 3, 1), noise(5, 3, 2)];
      const expected = plain.table(a.arraySync(), b.arraySync(), naive[distance]);
      expect(pairwiseDistance(a, b, { distance })).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-6 });
      const rows = tf.slice(a, [0, 0], [5, 3]);
      const diagonal = plain.indices(5).map((i) => plain.at(plain.at(expected, i), i));
      expect(pairedDistance(rows, b, { distance })).toBeAllclose(diagonal, { rtol: 1e-5, atol: 1e-6 });
    });
  });

  // Above 2^20 differences the matrix is made in another way: compared with the same matrix in parts that are below.
  it('of many rows: as of few, with finite gradients at equal, opposite and zero rows', () => {
    tf.tidy(() => {
      const [rows, width, parts] = [300, 12, 4];
      const a = noise(rows, width, 1);
      const kinds = [
        tf.slice(a, [0, 0], [50, width]),
        tf.neg(tf.slice(a, [50, 0], [50, width])),
        tf.zeros([50, width]),
      ];
      const b = tf.concat([...kinds, noise(150, width, 2)], 0) as Tensor2D;
      const whole = (x: Tensor, y: Tensor) => pairwiseDistance(x as Tensor2D, y as Tensor2D, { distance });
      const inParts = (x: Tensor, y: Tensor) =>
        tf.concat(tf.split(x, parts).map((part) => pairwiseDistance(part as Tensor2D, y as Tensor2D, { distance })));
      // Rounding of 1e-7 in a square or a cosine is 3e-4 in its root or angle, near 0.
      const isRoot = distance === 'euclidean' || distance === 'angular';
      expect(whole(a, b)).toBeAllclose(inParts(a, b), { rtol: 1e-5, atol: isRoot ? 2e-3 : 1e-5 });

      const ordinary = tf.concat([tf.zeros([150]), tf.ones([150])]); // the columns without kinks
      const weights = tf.mul(noise(rows, rows, 3), ordinary);
      const gradients = [whole, inParts].map((f) =>
        tf.grads((x, y) => tf.sum(tf.mul(weights, f(x, y))) as tf.Scalar)([a, b]),
      );
      for (const side of [0, 1]) {
        const [actual, expected] = gradients.map((pair) => pair[side]) as [Tensor, Tensor];
        expect(actual).toBeAllclose(expected, { rtol: 2e-3, atol: 5e-2 });
      }
      const everywhere = tf.grads((x, y) => tf.sum(whole(x, y)) as tf.Scalar)([a, b]);
      for (const gradient of everywhere) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    });
  });
});
