import { Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  cosineSimilarity,
  distanceWeightedNegatives,
  hardestPairs,
  hardNegatives,
  multiSimilarityPairs,
  pairsByIndex,
  pairsByLabel,
  pairsWithinBounds,
  pairViolations,
  pairwiseDistance,
  semiHardPairs,
  softNegativeWeights,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const matrix = (rows: number[][]): Tensor2D => tf.tensor2d(rows);
/** Row 0: positive at 0.5, negatives at 0.2, 0.6, 0.9. Row 1: positive at 0.1, negatives at 0.4, 0.3, 0.8. Row 2: no positive. */
const distances = () =>
  matrix([
    [0.5, 0.2, 0.6, 0.9],
    [0.4, 0.1, 0.3, 0.8],
    [0.7, 0.6, 0.5, 0.4],
  ]);
const someNegatives = () => ({
  positive: matrix([
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 0, 0],
  ]),
  negative: matrix([
    [0, 1, 1, 1],
    [1, 0, 1, 1],
    [1, 1, 1, 1],
  ]),
});

describe('pairs', () => {
  it('by index', () => {
    tf.tidy(() => {
      const { positive, negative } = pairsByIndex(3);
      expect(positive).toBeAllclose([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]);
      expect(negative).toBeAllclose([
        [0, 1, 1],
        [1, 0, 1],
        [1, 1, 0],
      ]);
    });
  });

  it('by index, with missing modalities: they are neither anchor nor candidate', () => {
    tf.tidy(() => {
      const { positive, negative } = pairsByIndex(3, {
        presentA: tf.tensor1d([1, 0, 1]),
        presentB: tf.tensor1d([1, 1, 0]),
      });
      expect(positive).toBeAllclose([
        [1, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]);
      expect(negative).toBeAllclose([
        [0, 1, 0],
        [0, 0, 0],
        [1, 1, 0],
      ]);
    });
  });

  it('by label, within a set: nobody is their own positive', () => {
    tf.tidy(() => {
      for (const labels of [[4, 9, 4], tf.tensor1d([4, 9, 4], 'int32'), tf.tensor1d([4, 9, 4])]) {
        const { positive, negative } = pairsByLabel(labels);
        expect(positive).toBeAllclose([
          [0, 0, 1],
          [0, 0, 0],
          [1, 0, 0],
        ]);
        expect(negative).toBeAllclose([
          [0, 1, 0],
          [1, 0, 1],
          [0, 1, 0],
        ]);
      }
    });
  });

  it('by label, across two sets of different size', () => {
    tf.tidy(() => {
      const { positive, negative } = pairsByLabel([1, 2], [2, 1, 3]);
      expect(positive).toBeAllclose([
        [0, 1, 0],
        [1, 0, 0],
      ]);
      expect(tf.add(positive, negative)).toBeAllclose(tf.ones([2, 3]));
    });
  });

  it('by several labels: one shared class is enough', () => {
    tf.tidy(() => {
      const { positive } = pairsByLabel(
        matrix([
          [1, 1, 0],
          [0, 0, 1],
        ]),
        matrix([
          [0, 1, 0],
          [1, 0, 1],
          [0, 0, 0],
        ]),
      );
      expect(positive).toBeAllclose([
        [1, 1, 0],
        [0, 1, 0],
      ]);
    });
  });

  it('that distance confirms, and those that violate it', () => {
    tf.tidy(() => {
      const bounds = { epsilon: 0.3, delta: 0.5 };
      const confirmed = pairsWithinBounds(distances(), someNegatives(), bounds);
      expect(confirmed.positive).toBeAllclose([
        [0, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
      ]);
      expect(confirmed.negative).toBeAllclose([
        [0, 0, 1, 1],
        [0, 0, 0, 1],
        [1, 1, 0, 0],
      ]);
      const violations = pairViolations(distances(), someNegatives(), bounds);
      expect(violations.positives).toBeAllclose(1); // 0.5
      expect(violations.negatives).toBeAllclose(5); // 0.2; 0.4, 0.3; 0.5 (at the bound), 0.4
      expect(violations.positiveRate).toBeAllclose(1 / 2);
      expect(violations.negativeRate).toBeAllclose(5 / 10);
    });
  });

  it('violations add up with what is confirmed', () => {
    tf.tidy(() => {
      const [a, b] = [tf.randomNormal([9, 4], 0, 1, 'float32', 1), tf.randomNormal([9, 4], 0, 1, 'float32', 2)] as [
        Tensor2D,
        Tensor2D,
      ];
      const [d, pairs] = [pairwiseDistance(a, b), pairsByIndex(9)];
      const confirmed = pairsWithinBounds(d, pairs, { epsilon: 0.8, delta: 1.1 });
      const violated = pairViolations(d, pairs, { epsilon: 0.8, delta: 1.1 });
      expect(tf.add(tf.sum(confirmed.positive), violated.positives)).toBeAllclose(9);
      expect(tf.add(tf.sum(confirmed.negative), violated.negatives)).toBeAllclose(72);
    });
  });
});

describe('miners', () => {
  it('hardestPairs: the farthest positive, the nearest negative', () => {
    tf.tidy(() => {
      const pairs = { positive: matrix([[1, 0, 0, 1]]), negative: matrix([[0, 1, 1, 0]]) };
      const { positive, negative } = hardestPairs(matrix([[0.5, 0.2, 0.6, 0.9]]), pairs);
      expect(positive).toBeAllclose([[0, 0, 0, 1]]);
      expect(negative).toBeAllclose([[0, 1, 0, 0]]);
    });
  });

  it('hardestPairs: nothing from a row that has nothing, the first of a tie', () => {
    tf.tidy(() => {
      const { positive, negative } = hardestPairs(
        matrix([
          [1, 1, 1],
          [1, 2, 3],
        ]),
        {
          positive: matrix([
            [1, 1, 1],
            [0, 0, 0],
          ]),
          negative: tf.zeros([2, 3]),
        },
      );
      expect(positive).toBeAllclose([
        [1, 0, 0],
        [0, 0, 0],
      ]);
      expect(negative).toBeAllclose([
        [0, 0, 0],
        [0, 0, 0],
      ]);
    });
  });

  it('semiHardPairs: the nearest negative beyond the positive', () => {
    tf.tidy(() => {
      const { positive, negative } = semiHardPairs(distances(), someNegatives());
      expect(positive).toBeAllclose([
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
      ]);
      expect(negative.arraySync().slice(0, 2)).toEqual([
        [0, 0, 1, 0],
        [0, 0, 1, 0],
      ]);
    });
  });

  it('semiHardPairs: no negative when all are nearer than the positive', () => {
    tf.tidy(() => {
      const pairs = { positive: matrix([[1, 0, 0]]), negative: matrix([[0, 1, 1]]) };
      expect(semiHardPairs(matrix([[0.9, 0.2, 0.3]]), pairs).negative).toBeAllclose([[0, 0, 0]]);
    });
  });

  it('hardNegatives: the k nearest', () => {
    tf.tidy(() => {
      const { positive, negative } = hardNegatives(distances(), someNegatives(), { count: 2 });
      expect(positive).toBeAllclose(someNegatives().positive);
      expect(negative).toBeAllclose([
        [0, 1, 1, 0],
        [1, 0, 1, 0],
        [0, 0, 1, 1],
      ]);
      expect(hardNegatives(distances(), someNegatives(), { count: 10 }).negative).toBeAllclose(
        someNegatives().negative,
      );
    });
  });

  it('multiSimilarityPairs: what is harder than the hardest opposite, plus epsilon', () => {
    tf.tidy(() => {
      const pairs = { positive: matrix([[1, 1, 0, 0, 0]]), negative: matrix([[0, 0, 1, 1, 1]]) };
      const { positive, negative } = multiSimilarityPairs(matrix([[0.1, 0.5, 0.25, 0.58, 0.7]]), pairs, {
        epsilon: 0.1,
      });
      expect(positive).toBeAllclose([[0, 1, 0, 0, 0]]); // beyond 0.25 - 0.1
      expect(negative).toBeAllclose([[0, 0, 1, 1, 0]]); // within 0.5 + 0.1
    });
  });

  it('softNegativeWeights: exp(beta s), mean 1 over the negatives of a row, without gradient', () => {
    tf.tidy(() => {
      const [a, b] = [tf.randomNormal([4, 3], 0, 1, 'float32', 1), tf.randomNormal([4, 3], 0, 1, 'float32', 2)] as [
        Tensor2D,
        Tensor2D,
      ];
      const pairs = pairsByIndex(4);
      const s = cosineSimilarity(a, b);
      const weights = softNegativeWeights(s, pairs, { beta: 3 });
      expect(tf.div(tf.sum(tf.mul(weights, pairs.negative), 1), 3)).toBeAllclose([1, 1, 1, 1]);
      const [w, similarity] = [weights.arraySync(), s.arraySync()] as [number[][], number[][]];
      const ratio = (x: number[][], f: (v: number) => number) => f(x[0]?.[1] as number) / f(x[0]?.[2] as number);
      expect(ratio(w, (v) => v)).toBeCloseTo(
        ratio(similarity, (v) => Math.exp(3 * v)),
        4,
      );
      expect(w.map((row, i) => row[i])).toEqual([1, 1, 1, 1]);
      expect(softNegativeWeights(s, pairs, { beta: 0 })).toBeAllclose(tf.ones([4, 4]));
      const gradient = tf.grad((x) => tf.add(tf.sum(softNegativeWeights(x as Tensor2D, pairs)), tf.mul(0, tf.sum(x))))(
        s,
      );
      expect(gradient).toBeAllclose(tf.zeros([4, 4]));
    });
  });
});

describe('distanceWeightedNegatives', () => {
  const d = () => matrix([[0, 0.6, 1, 1.3, 1.6]]);
  const pairs = () => ({ positive: matrix([[1, 0, 0, 0, 0]]), negative: matrix([[0, 1, 1, 1, 1]]) });

  it('draws in proportion to 1 / q(d), and never beyond the farthest', () => {
    const dimension = 4;
    const counts = [0, 0, 0, 0, 0];
    const random = new Random(1);
    const draws = 3000;
    tf.tidy(() => {
      // 3,000 equal rows are 3,000 independent draws.
      const rows = (x: Tensor2D) => tf.tile(x, [draws, 1]);
      const many = { positive: rows(pairs().positive), negative: rows(pairs().negative) };
      const { negative } = distanceWeightedNegatives(rows(d()), many, { dimension, random });
      expect(tf.sum(negative, 1)).toBeAllclose(tf.ones([draws]));
      const sums = tf.sum(negative, 0).dataSync();
      for (const i of counts.keys()) counts[i] = sums[i] as number;
    });
    const density = (x: number) => x ** (dimension - 2) * (1 - (x * x) / 4) ** ((dimension - 3) / 2);
    const weights = [0, 1 / density(0.6), 1 / density(1), 1 / density(1.3), 0];
    const total = weights.reduce((sum, w) => sum + w, 0);
    for (const [i, weight] of weights.entries()) {
      const share = weight / total;
      expect(Math.abs((counts[i] as number) / draws - share)).toBeLessThanOrEqual(
        4 * Math.sqrt((share * (1 - share)) / draws),
      );
    }
  });

  it('is reproducible by seed, and fresh with a generator', () => {
    tf.tidy(() => {
      const wide = tf.randomUniform([20, 20], 0.5, 1.3, 'float32', 1) as Tensor2D;
      const all = pairsByIndex(20);
      const draw = (options: { seed?: number; random?: Random }) =>
        distanceWeightedNegatives(wide, all, { dimension: 8, ...options })
          .negative.dataSync()
          .join();
      expect(draw({ seed: 1 })).toBe(draw({ seed: 1 }));
      expect(draw({ seed: 1 })).not.toBe(draw({ seed: 2 }));
      const random = new Random(1);
      expect(draw({ random })).not.toBe(draw({ random }));
    });
  });

  it('leaves a row alone whose negatives are all too far', () => {
    tf.tidy(() => {
      const { negative } = distanceWeightedNegatives(
        matrix([[0, 1.9]]),
        { positive: matrix([[1, 0]]), negative: matrix([[0, 1]]) },
        { dimension: 4 },
      );
      expect(negative).toBeAllclose([[0, 0]]);
    });
  });
});
