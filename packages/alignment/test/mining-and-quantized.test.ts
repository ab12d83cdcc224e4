import { Random } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { exactIndex, mineHardNegatives, quantizedIndex } from '../src/index.js';
import { ExactIndex } from '../src/retrieval/exact-index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

describe('mineHardNegatives', () => {
  // Cosines to [1, 0]: 1, 0.9, 0.6, 0, -1.
  const corpus = () => tf.tensor2d([1, 0.9, 0.6, 0, -1].map((c) => [c, Math.sqrt(1 - c * c)]));
  const query = () => tf.tensor2d([[2, 0]]);
  const mine = (options: object) => mineHardNegatives(query(), corpus(), { positives: [[1]], ...options } as never);

  it('takes the nearest wrong ones, and as many as are asked for', async () => {
    expect(await mine({})).toEqual([[0, 2, 3]]);
    expect(await mine({ count: 1 })).toEqual([[0]]);
    expect(await mine({ skip: 1 })).toEqual([[2, 3, 4]]);
    expect(await mine({ among: 2 })).toEqual([[0, 2]]);
  });

  it('leaves out what is as similar as a right answer', async () => {
    expect(await mine({ margin: 0.2 })).toEqual([[2, 3, 4]]);
    expect(await mine({ margin: 0.31 })).toEqual([[3, 4]]);
    expect(await mine({ relativeMargin: 0.95 })).toEqual([[2, 3, 4]]);
    expect(await mine({ relativeMargin: 0.66 })).toEqual([[3, 4]]);
    expect(await mine({ maximumSimilarity: 0.5 })).toEqual([[3, 4]]);
    expect(await mine({ positives: [[1, 2]], margin: 0.1 })).toEqual([[3, 4]]);
  });

  it('leaves out a copy of a right answer, to the last digit', async () => {
    const [queries, items] = [seededMatrix(5, 6, 7), seededMatrix(8, 6, 8)];
    const twice = tf.concat([items, tf.mul(items, 4)]) as tf.Tensor2D;
    const positives = [0, 1, 2, 3, 4].map((i) => [i]);
    const found = await mineHardNegatives(queries, twice, { positives, count: 16, margin: 0 });
    for (const [i, list] of found.entries()) expect(list).not.toContain(i + 8);
  });

  it('draws by its seed', async () => {
    const [queries, items] = [seededMatrix(6, 8, 1), seededMatrix(40, 8, 2)];
    const positives = Array.from({ length: 6 }, (_, i) => [i]);
    const options = { positives, choice: 'random', seed: 3 } as const;
    const drawn = await mineHardNegatives(queries, items, options);
    expect(await mineHardNegatives(queries, items, options)).toEqual(drawn);
    expect(await mineHardNegatives(queries, items, { ...options, seed: 4 })).not.toEqual(drawn);
    for (const [i, list] of drawn.entries()) {
      expect(new Set(list).size).toBe(3);
      expect(list).not.toContain(i);
    }
  });

  it.each([2, 10, 100])('agrees with a loop over all similarities among the %i nearest', async (among) => {
    const [queries, items] = [seededMatrix(5, 6, 7), seededMatrix(30, 6, 8)];
    const positives = Array.from({ length: 5 }, (_, i) => [i, i + 10]);
    const margin = 0.1;
    const search = vi.spyOn(ExactIndex.prototype, 'search');
    const found = await mineHardNegatives(queries, items, { positives, count: 4, margin, among });
    // As many as may be answers: all of a large corpus would be its square in memory.
    expect(search.mock.calls.map(([, options]) => options!.k)).toEqual([Math.min(30, among + 2)]);
    search.mockRestore();
    const [q, c] = [await queries.array(), await items.array()];
    const cosine = (a: number[], b: number[]) =>
      a.reduce((sum, v, i) => sum + v * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
    const naive = q.map((row, i) => {
      const scores = c.map((item) => cosine(row, item));
      const bound = Math.min(...positives[i]!.map((p) => scores[p]!)) - margin;
      const wrong = scores.map((_, j) => j).filter((j) => !positives[i]!.includes(j));
      const near = wrong.sort((a, b) => scores[b]! - scores[a]!).slice(0, among);
      return near.filter((j) => scores[j]! < bound).slice(0, 4);
    });
    expect(found).toEqual(naive);
  });

  it('refuses what does not fit', async () => {
    await expect(mine({ positives: [] })).rejects.toThrow(/one list per query, got 0 for 1/);
    await expect(mine({ positives: [[9]] })).rejects.toThrow(/\[0, 5\), got 9 for query 0/);
    await expect(mine({ count: 0 })).rejects.toThrow(/count must be/);
    await expect(mine({ choice: 'best' })).rejects.toThrow(/choice must be nearest or random/);
    await expect(mine({ marge: 1 })).rejects.toThrow(/no option 'marge'/);
    await expect(mineHardNegatives(query(), seededMatrix(3, 5, 1), { positives: [[0]] })).rejects.toThrow(/one width/);
  });
});

describe('quantizedIndex', () => {
  /** Items around 20 centres, as embeddings of real things are. */
  function clustered(rows: number, dimension: number, seed: number): tf.Tensor2D {
    const random = new Random(seed);
    const centres = Array.from({ length: 20 }, () => {
      const centre = new Float32Array(dimension);
      new Random(99).fork(random.integer(20)).fillNormal(centre);
      return centre;
    });
    const values = new Float32Array(rows * dimension);
    random.fillNormal(values);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < dimension; j++) values[i * dimension + j]! += 0.7 * centres[i % 20]![j]!;
    return tf.tensor2d(values, [rows, dimension]);
  }

  it.each([
    ['int8', 1, 0.97, 100],
    ['binary', 4, 0.6, 112],
    ['binary', 16, 0.9, 112],
  ] as const)('%s, rescored %i times: finds what an exact search finds', async (precision, rescore, least, bytes) => {
    const dimension = 96;
    const [items, queries] = [clustered(600, dimension, 1), clustered(40, dimension, 2)];
    const ids = Array.from({ length: 600 }, (_, i) => `item ${i}`);
    const exact = exactIndex({ dimension });
    await exact.upsertRows(ids, items);
    const index = quantizedIndex({ dimension, precision, rescore });
    await index.add(ids.slice(0, 250), tf.slice(items, [0, 0], [250, dimension]));
    await index.add(ids.slice(250), tf.slice(items, [250, 0], [350, dimension]));
    expect([index.size, index.bytesPerItem]).toEqual([600, bytes]);
    const wanted = await exact.search(queries, { k: 10 });
    const found = await index.search(queries, { k: 10 });
    const hits = found.map((list, q) => list.filter(({ id }) => wanted[q]!.some((hit) => hit.id === id)).length);
    const recall = hits.reduce((a, b) => a + b, 0) / 400;
    expect(recall).toBeGreaterThan(least);
    // One-byte codes know the cosine to within their step.
    const scores = new Map(wanted[0]!.map(({ id, score }) => [id, score]));
    for (const { id, score } of found[0]!) if (scores.has(id)) expect(score).toBeCloseTo(scores.get(id)!, 2);
  });

  it('compares bits alone when it is told to, and counts every one of them', async () => {
    const index = quantizedIndex({ dimension: 33, precision: 'binary', rescore: 1 });
    const row = (flip: number) => Array.from({ length: 33 }, (_, j) => (j < flip ? -1 : 1));
    await index.add(['0', '1', '33'], tf.tensor2d([row(0), row(1), row(33)]));
    expect(index.bytesPerItem).toBe(8);
    const [hits] = await index.search(tf.tensor2d([row(0)]), { k: 5 });
    expect(hits!.map(({ id }) => id)).toEqual(['0', '1', '33']);
    expect(hits!.map(({ score }) => score)).toEqual([1, 1 - 2 / 33, -1]);
  });

  it('refuses what does not fit, and leaks nothing', async () => {
    const make = (options: object) => () => quantizedIndex({ dimension: 4, precision: 'int8', ...options } as never);
    expect(make({ precision: 'int4' })).toThrow(/precision must be int8 or binary, got int4/);
    expect(make({ dimension: 0 })).toThrow(/dimension must be/);
    expect(make({ rescore: 0.5 })).toThrow(/rescore must be/);
    expect(make({ rescored: 2 })).toThrow(/did you mean 'rescore'/);
    const index = make({})();
    const rows = seededMatrix(2, 4, 1);
    await expect(index.add(['a'], rows)).rejects.toThrow(/one id per row, got 1 for 2/);
    await expect(index.add(['a', 'b'], tf.zeros([2, 4]))).rejects.toThrow(/row 0 must be finite and not zero/);
    await expect(index.search(seededMatrix(1, 3, 1))).rejects.toThrow(/\[rows, 4\], got \[1,3\]/);
    await index.add(['a', 'b'], rows);
    await expect(index.search(rows, { k: 0 })).rejects.toThrow(/k must be/);
    const before = tf.memory().numTensors;
    await index.search(rows);
    expect(tf.memory().numTensors).toBe(before);
  });
});
