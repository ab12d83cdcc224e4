import { expectNoLeak } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { exactIndex, type Similarity } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

function naive(query: number[], items: number[][], similarity: Similarity): number[] {
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  const score = (item: number[]) => {
    if (similarity === 'dot') return dot(query, item);
    if (similarity === 'euclidean') return -dot(query, query) - dot(item, item) + 2 * dot(query, item);
    return dot(query, item) / Math.sqrt(dot(query, query) * dot(item, item));
  };
  const scores = items.map(score);
  return items.map((_, i) => i).sort((i, j) => (scores[j] as number) - (scores[i] as number));
}

describe.each(['cosine', 'dot', 'euclidean'] as const)('exactIndex, %s', (similarity) => {
  it.each([
    [20, 5, 'on the host'],
    [3000, 700, 'on the device'],
  ])('finds the nearest of %i items of dimension %i, %s', async (count, dimension) => {
    const rows = seededMatrix(count, dimension, 1);
    const items = (await rows.array()) as number[][];
    const index = exactIndex({ dimension, similarity });
    await index.upsertRows(
      items.map((_, i) => `${i}`),
      rows,
    );
    const queries = seededMatrix(2, dimension, 2);
    const found = await index.search(queries, { k: 7 });
    const expected = ((await queries.array()) as number[][]).map((query) =>
      naive(query, items, similarity).slice(0, 7),
    );
    expect(found.map((hits) => hits.map(({ id }) => Number(id)))).toEqual(expected);
    const scores = found[0]?.map(({ score }) => score) as number[];
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });
});

describe('exactIndex', () => {
  it('answers many queries as it answers one', async () => {
    const index = exactIndex({ dimension: 64 });
    const [items, queries] = [seededMatrix(64, 64, 3), seededMatrix(1100, 64, 4)];
    await index.upsertRows(
      Array.from({ length: 64 }, (_, i) => `${i}`),
      items,
    );
    const answers = await index.search(queries, { k: 3 });
    expect(answers).toHaveLength(1100);
    for (const row of [0, 1023, 1024, 1099]) {
      expect(answers[row]).toEqual((await index.search(tf.slice(queries, [row, 0], [1, 64]), { k: 3 }))[0]);
    }
  });

  it('replaces, deletes and filters', async () => {
    const index = exactIndex({ dimension: 2 });
    index.upsert([
      { id: 'cat', vector: [1, 0], metadata: { modality: 'image' } },
      { id: 'dog', vector: [0, 1], metadata: { modality: 'image' } },
      { id: 'meow', vector: [2, 0.1], metadata: { modality: 'text' } },
      { id: 'woof', vector: [0.2, 3], metadata: { modality: 'text' } },
    ]);
    const ids = async (query: number[], options = {}) => (await index.search(query, options))[0]?.map(({ id }) => id);
    expect(await ids([1, 0], { k: 2 })).toEqual(['cat', 'meow']);
    expect(
      await ids([1, 0], { filter: (metadata: Record<string, unknown>) => metadata['modality'] === 'text' }),
    ).toEqual(['meow', 'woof']);
    expect(index.delete(['cat', 'unknown'])).toBe(1);
    expect(index.size).toBe(3);
    expect(await ids([1, 0])).toEqual(['meow', 'woof', 'dog']);
    index.upsert([{ id: 'dog', vector: [1, 0] }]);
    expect(index.size).toBe(3);
    const [hits] = await index.search([1, 0], { k: 1 });
    expect(hits).toEqual([{ id: 'dog', score: 1, metadata: {} }]);
    expect(index.delete(['woof', 'meow', 'dog'])).toBe(3);
    expect(await ids([1, 0])).toEqual([]);
    expect(index.has('dog')).toBe(false);
  });

  it('stores nothing of a bad batch, and says what is wrong', async () => {
    expect(() => exactIndex({ dimension: 0 })).toThrow('dimension must be an integer of at least 1, got 0');
    const index = exactIndex({ dimension: 2 });
    expect(() =>
      index.upsert([
        { id: 'a', vector: [1, 0] },
        { id: 'b', vector: [1] },
      ]),
    ).toThrow("item 'b' must have 2 values, got 1");
    expect(() => index.upsert([{ id: 'a', vector: [1, Number.NaN] }])).toThrow('must be finite, got NaN at 1');
    expect(index.size).toBe(0);
    await expect(index.upsertRows(['a'], tf.zeros([2, 2]))).rejects.toThrow('must have shape [1, 2], got [2,2]');
    await expect(index.search([1, 0], { k: 0 })).rejects.toThrow('k must be an integer of at least 1, got 0');
    await expect(index.search(tf.zeros([1, 3]) as Tensor2D)).rejects.toThrow('must have shape [queries, 2], got [1,3]');
  });

  it('leaks nothing', async () => {
    const rows = seededMatrix(3000, 700, 3);
    const queries = seededMatrix(2, 700, 4);
    const index = exactIndex({ dimension: 700 });
    await expectNoLeak(async () => {
      await index.upsertRows(
        Array.from({ length: 3000 }, (_, i) => `${i}`),
        rows,
      );
      await index.search(queries);
    });
  });
});
