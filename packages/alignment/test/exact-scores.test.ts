import { Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { exactIndex, retrievalMetrics, type Similarity, similarityMatrix } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const similarities: Similarity[] = ['cosine', 'dot', 'euclidean'];
const maximum = { cosine: 1, dot: Number.POSITIVE_INFINITY, euclidean: 0 };

/** In double precision, by the definition. */
function score(a: number[], b: number[], similarity: Similarity): number {
  const dot = (p: number[], q: number[]) => p.reduce((sum, value, i) => sum + value * (q[i] as number), 0);
  if (similarity === 'euclidean') return -a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
  return similarity === 'dot' ? dot(a, b) : dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Points some metres apart, in coordinates that count metres from far away. */
function metres(count: number, dimension: number, seed: number, origin: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: dimension }, () => origin + Math.floor(random.uniform() * 64)),
  );
}

describe('retrievalMetrics', () => {
  it('ranks by distance where coordinates are large', async () => {
    const metrics = await retrievalMetrics(tf.tensor2d([[10000]]), tf.tensor2d([[10001], [10000]]), {
      similarity: 'euclidean',
      relevant: [[1]],
    });
    expect([...metrics.ranks]).toEqual([1]);
  });

  it.each(similarities)('gives the ranks of exact scores in batches of any size: %s', async (similarity) => {
    const queries = metres(40, 3, 1, 100_000);
    const gallery = metres(60, 3, 2, 100_000);
    const expected = queries.map((query, i) => {
      const scores = gallery.map((item) => score(query, item, similarity));
      return 1 + scores.filter((value, j) => j !== i && value >= (scores[i] as number) - 1e-15).length;
    });
    for (const batchSize of [1, 7, 1024]) {
      const relevant = queries.map((_, i) => [i]);
      const options = { similarity, relevant, batchSize };
      const { ranks } = await retrievalMetrics(tf.tensor2d(queries), tf.tensor2d(gallery), options);
      expect([...ranks]).toEqual(expected);
    }
  });

  it.each(similarities)('puts equal items before the right answer, however long they are: %s', async (similarity) => {
    const gallery = [
      [1, 2, 3],
      [1, 2, 3],
      [3, 6, 9],
      [-5, 0, 0],
    ];
    const { ranks } = await retrievalMetrics(tf.tensor2d([[1, 2, 3]]), tf.tensor2d(gallery), {
      similarity,
      relevant: [[0]],
    });
    expect([...ranks]).toEqual([{ cosine: 3, dot: 3, euclidean: 2 }[similarity]]);
  });

  it('says how many captions are repeated, whose twins a diagonal counts as wrong', async () => {
    const texts = ['a field', 'a river', 'a field', 'a field'];
    const rows = tf.tensor2d(texts.map((text) => (text === 'a field' ? [1, 0] : [0, 1])));
    const diagonal = await retrievalMetrics(rows, rows, { k: [1] });
    expect(diagonal.repeated).toEqual({ queries: 2, gallery: 2 });
    expect(diagonal.recall[1]).toBe(0.25);
    const byText = await retrievalMetrics(rows, rows, { k: [1], relevant: { queries: texts, gallery: texts } });
    expect(byText.recall[1]).toBe(1);
  });

  it('refuses labels that cannot be compared', async () => {
    const rows = tf.tensor2d([[1], [2]]);
    const relevant = (queries: unknown, gallery: unknown = queries) => ({ relevant: { queries, gallery } }) as never;
    await expect(retrievalMetrics(rows, rows, relevant([0, Number.NaN]))).rejects.toThrow('got NaN for queries 1');
    await expect(retrievalMetrics(rows, rows, relevant([0, 2 ** 53]))).rejects.toThrow(
      'pass larger identifiers as text',
    );
    await expect(retrievalMetrics(rows, rows, relevant([0, 1], ['0', '1']))).rejects.toThrow('must be of one kind');
    await expect(retrievalMetrics(rows, rows, relevant(Float32Array.of(1, 2 ** 24)))).rejects.toThrow(
      'in a Float32Array',
    );
    await expect(retrievalMetrics(rows, rows, { similarity: 'cos' as never })).rejects.toThrow(
      'similarity must be one of cosine, dot, euclidean, got cos',
    );
  });

  it('keeps grades of close answers in the order of their exact scores', async () => {
    const { ndcg } = await retrievalMetrics(tf.tensor2d([[10000]]), tf.tensor2d([[10001], [10000], [0]]), {
      similarity: 'euclidean',
      relevant: (_, item) => [1, 3, 0][item] as number,
      k: [1],
    });
    expect(ndcg[1]).toBe(1);
  });
});

describe.each(similarities)('exactIndex, %s', (similarity) => {
  it('finds the exactly nearest, by one query or by many', async () => {
    const dimension = 3;
    const items = metres(3000, dimension, 3, 5_000_000);
    const queries = metres(500, dimension, 4, 5_000_000);
    const index = exactIndex({ dimension, similarity });
    index.upsert(items.map((vector, i) => ({ id: `${i}`, vector })));
    const together = await index.search(tf.tensor2d(queries), { k: 3 });
    for (const i of [0, 17, 499]) {
      const [alone] = await index.search(queries[i] as number[], { k: 3 });
      expect(together[i]).toEqual(alone);
      const best = items.map((item) => score(queries[i] as number[], item, similarity)).sort((a, b) => b - a);
      expect(alone?.map((hit) => hit.score)).toBeAllclose(best.slice(0, 3), { rtol: 1e-14, atol: 1e-14 });
    }
    for (const hits of together) for (const hit of hits) expect(hit.score).toBeLessThanOrEqual(maximum[similarity]);
  });
});

describe('exactIndex', () => {
  it('keeps coordinates apart that float32 would merge', async () => {
    const index = exactIndex({ dimension: 2, similarity: 'euclidean' });
    index.upsert([
      { id: 'here', vector: [500_000.25, 5_000_000.1] },
      { id: 'there', vector: [500_000.25, 5_000_000.3] },
    ]);
    const [hits] = await index.search([500_000.25, 5_000_000.3], { k: 1 });
    expect(hits?.[0]).toMatchObject({ id: 'there', score: -0 });
  });

  it('refuses a vector without direction where only directions count', async () => {
    const index = exactIndex({ dimension: 2 });
    expect(() => index.upsert([{ id: 'nothing', vector: [0, 0] }])).toThrow(
      "exactIndex.upsert: item 'nothing' must not be zero, which has no direction and so no cosine; leave it out, or use similarity dot or euclidean",
    );
    await expect(index.search([0, 0])).rejects.toThrow('search: query must not be zero');
    await expect(index.search(tf.zeros([1, 2]) as Tensor2D)).rejects.toThrow('search: query 0 must not be zero');
    expect(index.size).toBe(0);
    const distances = exactIndex({ dimension: 2, similarity: 'euclidean' });
    distances.upsert([{ id: 'origin', vector: [0, 0] }]);
    expect(distances.size).toBe(1);
  });
});

describe('similarityMatrix', () => {
  it.each(similarities)('never exceeds its maximum: %s', async (similarity) => {
    const x = tf.tensor2d(metres(50, 8, 5, 10_000));
    const largest = tf.max(similarityMatrix(x, x, similarity)).dataSync()[0] as number;
    expect(largest).toBeLessThanOrEqual(maximum[similarity]);
    if (similarity === 'euclidean') {
      expect(similarityMatrix(tf.tensor2d([[10000]]), tf.tensor2d([[10001]]), similarity)).toBeAllclose([[-1]]);
    }
  });
});
