import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  canonicalCorrelation,
  coincidence,
  contrastiveProjections,
  type LinearAlignment,
  positivesFromDescriptions,
  procrustes,
  retrievalMetrics,
  transportAlignment,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend('cpu');

/** Two noisy linear views of the same hidden vectors. */
function linearViews(rows: number, seed: number, noise = 0.3): [Tensor2D, Tensor2D] {
  const hidden = seededMatrix(rows, 5, seed);
  return [12, 9].map((columns, i) =>
    tf.add(
      tf.matMul(hidden, seededMatrix(5, columns, 900 + i)),
      tf.mul(seededMatrix(rows, columns, seed * 10 + i + 1), noise),
    ),
  ) as [Tensor2D, Tensor2D];
}

async function recall(alignment: LinearAlignment, a: Tensor2D, b: Tensor2D): Promise<number> {
  const { recall: at } = await retrievalMetrics(alignment.embedA(a), alignment.embedB(b), { k: [1] });
  return at[1] as number;
}

describe('contrastiveProjections', () => {
  it('finds held-out pairs about as well as CCA on what is linear, and nothing from shuffled pairs', async () => {
    const [a, b] = linearViews(256, 1);
    const [heldA, heldB] = linearViews(100, 2);
    const hard = await recall(await canonicalCorrelation(a, b, { dimension: 5 }), heldA, heldB);
    expect(hard).toBeGreaterThan(0.8);
    const options = { dimension: 5, epochs: 30, batchSize: 64, learningRate: 3e-2 };
    for (const seed of [1, 2, 3]) {
      const soft = await contrastiveProjections(a, b, { ...options, seed });
      expect(await recall(soft, heldA, heldB)).toBeGreaterThan(0.8 * hard);
      expect(soft.history.records).toHaveLength(30 * 4);
      soft.dispose();
    }
    const shuffled = await contrastiveProjections(a, tf.reverse(b, 0), { ...options, seed: 1 });
    expect(await recall(shuffled, heldA, heldB)).toBeLessThan(0.1);
  });

  it('pulls classes together when labels decide what is positive', async () => {
    const classes = Array.from({ length: 120 }, (_, i) => i % 6);
    const centres = seededMatrix(6, 5, 5);
    // Both views of an item share its own traits, which say nothing of the class, beside its class.
    const items = (seed: number) => {
      const hidden = tf.concat([tf.gather(centres, classes), tf.mul(seededMatrix(120, 4, seed), 2)], 1);
      return [12, 11].map((columns, i) =>
        tf.add(
          tf.matMul(hidden, seededMatrix(9, columns, 950 + i)),
          tf.mul(seededMatrix(120, columns, seed + i + 1), 0.3),
        ),
      ) as [Tensor2D, Tensor2D];
    };
    const [a, b] = items(20);
    const [heldA, heldB] = items(30);
    const relevant = { queries: classes, gallery: classes };
    const score = async (groups?: number[]) => {
      const options = { dimension: 4, seed: 1, epochs: 60, batchSize: 60, learningRate: 3e-2 };
      const alignment = await contrastiveProjections(a, b, { ...options, ...(groups ? { groups } : {}) });
      const metrics = await retrievalMetrics(alignment.embedA(heldA), alignment.embedB(heldB), { relevant });
      alignment.dispose();
      return metrics;
    };
    const byClass = await score(classes);
    const byPair = await score();
    expect(byClass.meanAveragePrecision).toBeGreaterThan(byPair.meanAveragePrecision + 0.1);
    expect(byClass.chance.meanAveragePrecision).toBeLessThan(0.25);
  });

  it('refuses what does not fit, and leaks nothing', async () => {
    const [a, b] = linearViews(8, 3);
    const options = { dimension: 2, seed: 1, epochs: 1 };
    await expect(contrastiveProjections(a, tf.zeros([7, 2]), options)).rejects.toThrow('got [8,12] and [7,2]');
    await expect(contrastiveProjections(a, b, { ...options, groups: [1] })).rejects.toThrow(
      'one entry per pair, got 1 for 8',
    );
    await expect(contrastiveProjections(a, b, { ...options, dimension: 0 })).rejects.toThrow(
      'dimension must be an integer of at least 1',
    );
    await expectNoLeakWhenThrowing(
      async () => void (await contrastiveProjections(a, b, { ...options, dimension: 0 })),
      'dualEncoder: dimension must be an integer of at least 1',
    );
    await expectNoLeakWhenThrowing(
      async () => void (await contrastiveProjections(a, b, { ...options, epochs: 0 })),
      'epochs must be an integer of at least 1',
    );
    await expectNoLeak(async () =>
      (await contrastiveProjections(a, b, { ...options, groups: [1, 1, 2, 3, 4, 5, 6, 7] })).dispose(),
    );
  });
});

describe('coincidence', () => {
  const a = () => seededMatrix(6, 3, 1);
  const b = () => seededMatrix(6, 3, 2);

  it('has the closed forms of its constraints', () => {
    const rows = tf.tensor2d([
      [3, 4],
      [0, 2],
    ]);
    const other = tf.tensor2d([
      [3, 0],
      [0, -2],
    ]);
    const value = (x: Tensor2D, y: Tensor2D, options: object) => coincidence(x, y, options).dataSync()[0] as number;
    // Unit rows: (0.6, 0.8) - (1, 0) and (0, 1) - (0, -1): (0.8 + 4) / 2.
    expect(value(rows, other, { constraint: 'unit' })).toBeCloseTo(2.4, 5);
    // Distances 16 and 16; mean squares 14.5 and 6.5.
    expect(value(rows, other, { constraint: 'mean-square', weight: 0.1 })).toBeCloseTo(
      16 + 0.1 * (13.5 ** 2 + 5.5 ** 2),
      3,
    );
    // Deviations 3/sqrt 2 and sqrt 2, both above 1: no penalty. Of the other: the same and sqrt 2.
    expect(value(rows, other, { constraint: 'variance' })).toBeCloseTo(16, 5);
    const point = tf.ones([4, 2]) as Tensor2D;
    expect(value(point, point, { constraint: 'variance' })).toBeCloseTo(2 * (1 - 0.01) ** 2, 5);
    expect(value(tf.zeros([4, 2]), tf.zeros([4, 2]), { constraint: 'mean-square' })).toBeCloseTo(2, 5);
  });

  it.each(['unit', 'mean-square', 'variance'] as const)('differentiates correctly: %s', (constraint) => {
    const zero = tf.variable(tf.zeros([4, 2]));
    gradientCheck((x, y) => coincidence(x as Tensor2D, y as Tensor2D, { constraint }), [a(), b()]);
    const { grads } = tf.variableGrads(
      () => coincidence(zero as unknown as Tensor2D, zero as unknown as Tensor2D, { constraint }),
      [zero],
    );
    expect(tf.all(tf.isFinite(grads[zero.name] as tf.Tensor)).dataSync()[0]).toBe(1);
  });

  it('refuses what does not fit', async () => {
    expect(() => coincidence(a(), tf.zeros([6, 2]))).toThrow('got [6,3] and [6,2]');
    expect(() => coincidence(a(), b(), { weight: -1 })).toThrow('got -1');
    expect(() => coincidence(tf.zeros([1, 2]), tf.zeros([1, 2]))).toThrow('needs at least two rows, got 1');
    expect(() => coincidence(a(), b(), { constraint: 'norm' as 'unit' })).toThrow(
      "one of unit, mean-square, variance, got 'norm'",
    );
    const [x, y] = [a(), b()];
    await expectNoLeak((): Scalar => coincidence(x, y));
  });
});

describe('transportAlignment', () => {
  /** A cloud without symmetry, and its turned, noisy, shuffled copy. */
  function turned(noise: number) {
    const dimension = 4;
    const random = seededMatrix(60, dimension, 3);
    const a = tf.add(random, tf.mul(tf.square(random), 0.7)) as Tensor2D;
    const rotation = tf.linalg.gramSchmidt(seededMatrix(dimension, dimension, 4)) as Tensor2D;
    const order = Array.from({ length: 60 }, (_, i) => (i * 37) % 60);
    const b = tf.add(
      tf.gather(tf.matMul(a, rotation), order),
      tf.mul(seededMatrix(60, dimension, 5), noise),
    ) as Tensor2D;
    const partner = order.map((_, i) => order.indexOf(i));
    return { a, b, rotation, partner };
  }

  it('recovers rotation and correspondences from a few known pairs', async () => {
    const { a, b, rotation, partner } = turned(0.1);
    const anchors = [0, 7, 20, 33].map((i) => [i, partner[i] as number] as const);
    const alignment = await transportAlignment(a, b, { anchors, rounds: 8, iterations: 30 });
    expect(alignment.rotation).toBeAllclose(rotation, { atol: 0.05 });
    const found = await tf.argMax(alignment.plan, 1).array();
    const right = (found as number[]).filter((j, i) => j === partner[i]).length;
    expect(right).toBeGreaterThan(54);
    expect(tf.sum(alignment.plan)).toBeAllclose(1, { atol: 1e-3 });
    const relevant = partner.map((j) => [j]);
    const metrics = await retrievalMetrics(alignment.embedA(a), alignment.embedB(b), { relevant, k: [1] });
    expect(metrics.recall[1]).toBeGreaterThan(0.85);
    // Procrustes on the four noisy anchors alone turns less exactly.
    const rows = (x: Tensor2D, side: 0 | 1) =>
      tf.gather(
        x,
        anchors.map((pair) => pair[side]),
      ) as Tensor2D;
    const few = await procrustes(rows(a, 0), rows(b, 1));
    const error = (estimate: Tensor2D) => tf.norm(tf.sub(estimate, rotation)).dataSync()[0] as number;
    expect(error(alignment.rotation)).toBeLessThan(0.75 * error(few.rotation));
    alignment.dispose();
  });

  it('stays at the answer when it starts there', async () => {
    const { a, b, rotation, partner } = turned(0);
    const alignment = await transportAlignment(a, b, {
      initial: rotation,
      rounds: 2,
      iterations: 50,
      epsilon: [0.02, 0.02],
    });
    expect(alignment.rotation).toBeAllclose(rotation, { atol: 0.02 });
    expect(alignment.cost).toBeLessThan(0.1);
    expect(await tf.argMax(alignment.plan, 1).array()).toEqual(partner);
  });

  it('refuses what does not fit, and leaks nothing', async () => {
    const { a, b } = turned(0.1);
    await expect(transportAlignment(a, tf.zeros([4, 3]))).rejects.toThrow('got [60,4] and [4,3]');
    await expect(transportAlignment(a, b, { anchors: [[0, 60]] })).rejects.toThrow('got [0,60]');
    await expect(transportAlignment(a, b, { initial: tf.eye(3) })).rejects.toThrow('must have shape [4, 4], got [3,3]');
    await expect(transportAlignment(a, b, { initial: tf.eye(4), anchors: [[0, 0]] })).rejects.toThrow('got both');
    await expect(transportAlignment(a, b, { rounds: 0 })).rejects.toThrow(
      'rounds must be an integer of at least 1, got 0',
    );
    await expect(transportAlignment(a, b, { epsilon: [0, 1] })).rejects.toThrow('two positive numbers, got 0 and 1');
    const quick = { rounds: 2, iterations: 5 };
    const broken = tf.fill([60, 4], Number.NaN) as Tensor2D;
    await expectNoLeak(async () =>
      (
        await transportAlignment(a, b, {
          ...quick,
          anchors: [
            [0, 0],
            [1, 5],
          ],
        })
      ).dispose(),
    );
    await expectNoLeakWhenThrowing(
      async () => void (await transportAlignment(a, broken, quick)),
      'transportAlignment: a and b must be finite',
    );
    await expectNoLeakWhenThrowing(
      async () => void (await transportAlignment(a, b, { ...quick, epsilon: [-1, 1] })),
      'transportAlignment: epsilon must be two positive n',
    );
  });
});

describe('positivesFromDescriptions', () => {
  it('pairs items whose descriptions are near', () => {
    const rows = tf.tensor2d([
      [1, 0],
      [0.9, 0.1],
      [0, 1],
      [0, 0],
      [2, 0],
    ]);
    expect(positivesFromDescriptions(rows, { threshold: 0.9 })).toBeAllclose([
      [1, 1, 0, 0, 1],
      [1, 1, 0, 0, 1],
      [0, 0, 1, 0, 0],
      [0, 0, 0, 1, 0],
      [1, 1, 0, 0, 1],
    ]);
    expect(positivesFromDescriptions(rows, { threshold: 1 })).toBeAllclose(
      [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => Number(i === j || (i % 4 === 0 && j % 4 === 0)))),
    );
  });

  it('refuses what it cannot compare, and leaks nothing', async () => {
    expect(() => positivesFromDescriptions(tf.zeros([3]) as unknown as Tensor2D, { threshold: 0.5 })).toThrow(
      'got [3]',
    );
    expect(() => positivesFromDescriptions(tf.zeros([3, 2]), { threshold: 2 })).toThrow('must lie in (-1, 1], got 2');
    const rows = seededMatrix(3, 2, 1);
    await expectNoLeak(() => positivesFromDescriptions(rows, { threshold: 0.5 }));
  });
});
