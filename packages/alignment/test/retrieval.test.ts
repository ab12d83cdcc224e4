import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bidirectionalMetrics, retrievalMetrics, scoreMetrics } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

describe('scoreMetrics', () => {
  it.each(['retrieval_one_positive', 'retrieval_5_positives', 'retrieval_graded'])(
    'agrees with ir_measures: %s',
    async (name) => {
      const { entry, input, output } = goldenCase('metrics', name);
      const metrics = await scoreMetrics(input('scores') as Tensor2D, {
        relevant: input('relevance') as Tensor2D,
        k: [1, 5, 10],
      });
      for (const k of [1, 5, 10]) {
        expect(metrics.recall[k]).toBeAllclose(output(`recall_any@${k}`), entry.tolerance);
        expect(metrics.recallFraction[k]).toBeAllclose(output(`recall_fraction@${k}`), entry.tolerance);
      }
      for (const k of [5, 10]) expect(metrics.ndcg[k]).toBeAllclose(output(`ndcg@${k}`), entry.tolerance);
      expect(metrics.meanAveragePrecision).toBeAllclose(output('map'), entry.tolerance);
      expect(metrics.meanReciprocalRank).toBeAllclose(output('mrr'), entry.tolerance);
      expect(metrics.meanRank).toBeAllclose(output('mean_rank'), entry.tolerance);
      expect(metrics.medianRank).toBeAllclose(output('median_rank'), entry.tolerance);
      expect(metrics.ranks).toBeAllclose(output('ranks'), entry.tolerance);
    },
  );

  it('reads every form of relevance alike', async () => {
    const scores = seededMatrix(6, 4, 1);
    const queries = [0, 1, 2, 3, 0, 1];
    const gallery = [0, 1, 2, 3];
    const lists = queries.map((label) => [label]);
    const expected = await scoreMetrics(scores, { relevant: lists });
    const grades = tf.oneHot(tf.tensor1d(queries, 'int32'), 4) as Tensor2D;
    for (const relevant of [
      { queries, gallery },
      grades,
      (q: number, item: number) => queries[q] === item,
      { queries: queries.map((label) => `image ${label}`), gallery: gallery.map((label) => `image ${label}`) },
    ]) {
      expect(await scoreMetrics(scores, { relevant })).toEqual(expected);
    }
  });

  it('gives a model without opinion nothing, and leaves out queries without answers', async () => {
    const flat = await scoreMetrics(tf.zeros([5, 5]), { k: [1, 4] });
    expect(flat.recall).toEqual({ 1: 0, 4: 0 });
    expect(flat.meanRank).toBe(5);
    const partial = await scoreMetrics(
      tf.tensor2d([
        [3, 2],
        [1, 2],
      ]),
      { relevant: [[0], []], k: [1] },
    );
    expect(partial).toMatchObject({ queries: 1, skipped: 1, recall: { 1: 1 } });
    expect([...partial.ranks]).toEqual([1, Number.NaN]);
  });

  it('knows what chance would give', async () => {
    const counts = { recall: 0, map: 0, rank: 0 };
    const rounds = 400;
    const relevant = { queries: [0, 0, 1], gallery: [0, 0, 1, 2, 2, 2, 2, 1] };
    for (let seed = 0; seed < rounds; seed++) {
      const metrics = await scoreMetrics(seededMatrix(3, 8, seed), { relevant, k: [3] });
      counts.recall += (metrics.recall[3] as number) / rounds;
      counts.map += metrics.meanAveragePrecision / rounds;
      counts.rank += metrics.meanRank / rounds;
    }
    const { chance } = await scoreMetrics(tf.zeros([3, 8]), { relevant, k: [3] });
    expect(counts.recall).toBeAllclose(chance.recall[3] as number, { atol: 0.04 });
    expect(counts.map).toBeAllclose(chance.meanAveragePrecision, { atol: 0.03 });
    expect(counts.rank).toBeAllclose(chance.meanRank, { atol: 0.2 });
  });

  it('refuses what it cannot rank', async () => {
    await expect(scoreMetrics(tf.zeros([2, 3]))).rejects.toThrow(
      "'diagonal' needs as many queries as gallery items, got 2 and 3",
    );
    await expect(scoreMetrics(tf.fill([2, 2], Number.NaN))).rejects.toThrow('got NaN for query 0, item 0');
    const infinite = tf.tensor2d([
      [1, 2],
      [Number.POSITIVE_INFINITY, 1],
    ]);
    for (const similarity of ['cosine', 'euclidean', 'dot'] as const) {
      await expect(retrievalMetrics(tf.ones([2, 2]), infinite, { similarity })).rejects.toThrow(
        'gallery must be finite, got Infinity in row 1',
      );
    }
    await expect(scoreMetrics(tf.zeros([2, 2]), { relevant: [[], []] })).rejects.toThrow('none of 2 has');
    await expect(scoreMetrics(tf.zeros([2, 2]), { relevant: [[0], [2]] })).rejects.toThrow('got 2 for query 1');
    await expect(scoreMetrics(tf.zeros([2, 2]), { k: [0] })).rejects.toThrow(
      'each k must be an integer of at least 1, got 0',
    );
    await expect(scoreMetrics(tf.zeros([2, 2]), { relevant: { queries: [1], gallery: [1, 2] } })).rejects.toThrow(
      'label per query',
    );
    await expect(
      scoreMetrics(tf.zeros([2, 2]), {
        relevant: tf.tensor2d([
          [1, -1],
          [0, 1],
        ]),
      }),
    ).rejects.toThrow('got -1 at [0, 1]');
  });
});

describe('retrievalMetrics', () => {
  it('finds each item by itself, in any batch size and with every similarity', async () => {
    const rows = seededMatrix(23, 8, 2);
    for (const similarity of ['cosine', 'euclidean'] as const) {
      const whole = await retrievalMetrics(rows, rows, { similarity });
      expect(whole.recall[1]).toBe(1);
      expect(await retrievalMetrics(rows, rows, { similarity, batchSize: 5 })).toEqual(whole);
    }
    const noisy = tf.add(rows, tf.mul(seededMatrix(23, 8, 3), 0.8)) as Tensor2D;
    const whole = await retrievalMetrics(noisy, rows, { similarity: 'dot' });
    expect(whole.recall[1]).toBeLessThan(1);
    expect(await retrievalMetrics(noisy, rows, { similarity: 'dot', batchSize: 4 })).toEqual(whole);
  });

  it('counts several captions per image in both directions', async () => {
    // Two images, three captions: the first image has two. Caption 1 lies nearer to the wrong image.
    const images = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    const captions = tf.tensor2d([
      [1, 0.1],
      [0.4, 0.6],
      [0.1, 1],
    ]);
    const relevant = { queries: ['a', 'a', 'b'], gallery: ['a', 'b'] };
    const { forward, backward } = await bidirectionalMetrics(captions, images, { relevant, k: [1, 2] });
    expect(forward.recall).toEqual({ 1: 2 / 3, 2: 1 });
    expect(backward.recall).toEqual({ 1: 1, 2: 1 });
    expect(backward.recallFraction[1]).toBeCloseTo(0.75);
    expect(backward.meanAveragePrecision).toBeCloseTo(1);
    const lists = await bidirectionalMetrics(captions, images, { relevant: [[0], [0], [1]], k: [1, 2] });
    expect(lists).toEqual({ forward, backward });
  });

  it('refuses embeddings of different length', async () => {
    await expect(retrievalMetrics(tf.zeros([2, 3]), tf.zeros([2, 4]))).rejects.toThrow('got [2,3] and [2,4]');
  });

  it('leaks nothing', async () => {
    const rows = seededMatrix(6, 3, 4);
    await expectNoLeak(async () => void (await bidirectionalMetrics(rows, rows)));
    await expectNoLeakWhenThrowing(
      async () => void (await retrievalMetrics(rows, rows, { k: [-1] })),
      'retrievalMetrics: each k must be an integer of at least 1',
    );
    const broken = tf.fill([6, 3], Number.NaN) as Tensor2D;
    await expectNoLeakWhenThrowing(
      async () => void (await retrievalMetrics(broken, rows)),
      'retrievalMetrics: queries must be finite, got NaN in row 0',
    );
  });
});

describe('repeated captions', () => {
  it('are remarked upon where only the diagonal counts, and not where labels do', async () => {
    const images = tf.tensor2d([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    const captions = tf.tensor2d([
      [1, 0],
      [1, 0],
      [1, 1],
    ]);
    const diagonal = await retrievalMetrics(images, captions);
    expect(diagonal.repeated).toEqual({ queries: 0, gallery: 1 });
    expect(diagonal.remark).toMatch(
      /^0 of 3 queries and 1 of 3 gallery items equal an earlier one, .*; pass relevant: \{/,
    );
    const labels = ['same', 'same', 'other'];
    const labelled = await retrievalMetrics(images, captions, { relevant: { queries: labels, gallery: labels } });
    expect(labelled.remark).toBeUndefined();
    expect((await retrievalMetrics(images, images)).remark).toBeUndefined();
  });
});
