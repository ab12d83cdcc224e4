import { Random } from '@crossmodal/core';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryStore, type Similarity, type VectorItem, type VectorStore } from '../../src/index.js';
import { idsOf, itemsOf, naiveScore, naiveSearch, randomVectors } from '../vectors.js';

const similarities: Similarity[] = ['cosine', 'dot', 'euclidean'];
const open: VectorStore[] = [];
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
});

async function storeOf(similarity: Similarity, items: readonly VectorItem[], threads?: number): Promise<VectorStore> {
  const store = memoryStore({ dimension: items[0]!.vector.length, similarity, threads });
  open.push(store);
  await store.upsert(items);
  return store;
}

describe('exact search', () => {
  test('is right on large coordinates, where squares lose the digits that count', async () => {
    const one = await storeOf('euclidean', [
      { id: 'near', vector: [10000] },
      { id: 'far', vector: [10001] },
    ]);
    expect(await one.search([[10000]])).toEqual([
      [
        { id: 'near', score: 0, metadata: {} },
        { id: 'far', score: -1, metadata: {} },
      ],
    ]);
    // Positions in metres, a few centimetres apart, some hundred kilometres from the origin.
    const random = new Random(1);
    const items = itemsOf(
      Array.from({ length: 5000 }, () =>
        Float32Array.of(533_000 + random.uniform(), 181_000 + random.uniform(), 35 + random.uniform()),
      ),
    );
    const store = await storeOf('euclidean', items);
    const queries = items.slice(0, 40).map(({ vector }) => Float32Array.from(vector, (x) => x + 0.05));
    const answers = await store.search(queries, { k: 5 });
    queries.forEach((query, i) => {
      expect(idsOf(answers[i]!)).toEqual(naiveSearch('euclidean', query, items, 5));
    });
    for (const hits of answers) for (const { score } of hits) expect(score).toBeLessThanOrEqual(0);
  });

  describe.each(similarities)('by %s', (similarity) => {
    test.each([1, 2, 3, 15, 16, 17, 100])('equals the definition in dimension %i', async (dimension) => {
      const items = itemsOf(randomVectors(1003, dimension, dimension));
      const queries = randomVectors(9, dimension, 1000 + dimension);
      const store = await storeOf(similarity, items);
      const answers = await store.search(queries, { k: 11 });
      queries.forEach((query, i) => {
        expect(idsOf(answers[i]!)).toEqual(naiveSearch(similarity, query, items, 11));
        for (const { id, score } of answers[i]!) {
          expect(score).toBeCloseTo(naiveScore(similarity, query, items.find((item) => item.id === id)!.vector), 12);
        }
      });
    });

    test('gives a query the same answers, bit for bit, however many come with it, on one thread or several', async () => {
      const items = itemsOf(randomVectors(22_000, 48, 2));
      const queries = randomVectors(150, 48, 3);
      const store = await storeOf(similarity, items, 3);
      const alone = await storeOf(similarity, items, 0);
      const all = await store.search(queries);
      expect(await alone.search(queries)).toEqual(all);
      for (const count of [1, 2, 3, 7, 129])
        expect(await store.search(queries.slice(0, count))).toEqual(all.slice(0, count));
      expect(await Promise.all(queries.slice(0, 20).map(async (q) => (await store.search([q]))[0]))).toEqual(
        all.slice(0, 20),
      );
    });

    test('finds all of many rows that differ by the last bit', async () => {
      const [base] = randomVectors(1, 64, 4);
      const bits = new Uint32Array(base!.buffer);
      // 3,000 rows whose scores cannot be told apart in float32.
      const items = itemsOf(
        Array.from({ length: 3000 }, (_, i) => {
          const copy = base!.slice();
          new Uint32Array(copy.buffer)[i % 64] = bits[i % 64]! + (1 + Math.floor(i / 64));
          return copy;
        }),
      );
      const store = await storeOf(similarity, items);
      const queries = [base!, ...randomVectors(4, 64, 5)];
      const answers = await store.search(queries, { k: 25 });
      queries.forEach((query, i) => {
        expect(idsOf(answers[i]!)).toEqual(naiveSearch(similarity, query, items, 25));
      });
    });

    test('orders thousands of equal scores by id, at any k', async () => {
      const ids = new Random(6).shuffle(Array.from({ length: 4000 }, (_, i) => String(i).padStart(4, '0')));
      const items = ids.map((id) => ({ id, vector: [1, 2, Number(id) % 2] }));
      const store = await storeOf(similarity, items);
      for (const k of [1, 10, 2001, 5000]) {
        const [hits] = await store.search([[1, 2, 1]], { k });
        expect(idsOf(hits!)).toEqual(naiveSearch(similarity, [1, 2, 1], items, k));
      }
    });

    test('is exact for numbers near the ends of float32', async () => {
      const scales = [1e-45, 1e-38, 1e-30, 1e-20, 1, 1e15, 1e19, 1e30, 3e38];
      const items = itemsOf(
        randomVectors(900, 6, 7).map((vector, i) => vector.map((x) => Math.max(-1, Math.min(1, x)) * scales[i % 9]!)),
      );
      const store = await storeOf(similarity, items);
      const queries = scales.map((scale, i) => randomVectors(1, 6, 8 + i)[0]!.map((x) => (x / 4) * scale));
      const answers = await store.search(queries, { k: 20 });
      queries.forEach((query, i) => {
        expect(answers[i]!.every(({ score }) => Number.isFinite(score))).toBe(true);
        expect(answers[i]!.map(({ score }) => score)).toEqual(
          items
            .map(({ vector }) => naiveScore(similarity, query, vector))
            .sort((a, b) => b - a)
            .slice(0, 20)
            .map((score) => expect.closeTo(score, 10)),
        );
      });
      // Once those are gone, float32 bounds hold again, and the fast way is taken.
      await store.delete(items.filter((_, i) => i % 9 !== 4).map(({ id }) => id));
      const rest = items.filter((_, i) => i % 9 === 4);
      const [query] = randomVectors(1, 6, 30);
      expect(idsOf((await store.search([query!]))[0]!)).toEqual(naiveSearch(similarity, query!, rest, 10));
    });

    test('stays right while items come, change and go', async () => {
      const random = new Random(9);
      const present = new Map<string, VectorItem>();
      const store = await storeOf(similarity, itemsOf(randomVectors(1, 12, 10)));
      for (const item of itemsOf(randomVectors(1, 12, 10))) present.set(item.id, item);
      for (let round = 0; round < 40; round++) {
        const vectors = randomVectors(1 + random.integer(60), 12, 100 + round);
        const items = vectors.map((vector) => ({ id: `id ${random.integer(400)}`, vector, metadata: { round } }));
        await store.upsert(items);
        for (const item of items) present.set(item.id, item);
        const gone = Array.from({ length: random.integer(40) }, () => `id ${random.integer(400)}`);
        const expected = gone.filter((id, i) => gone.indexOf(id) === i && present.delete(id)).length;
        expect(await store.delete(gone)).toBe(expected);
        expect(await store.count()).toBe(present.size);
        const [query] = randomVectors(1, 12, 1000 + round);
        const [hits] = await store.search([query!], { k: 15 });
        expect(idsOf(hits!)).toEqual(naiveSearch(similarity, query!, [...present.values()], 15));
        for (const { id, metadata } of hits!) expect(metadata).toEqual(present.get(id)!.metadata ?? {});
      }
    });
  });

  test("gives a vector's cosine with itself, and with its multiples, as 1", async () => {
    const vectors = randomVectors(200, 37, 11);
    const store = await storeOf('cosine', itemsOf(vectors));
    const answers = await store.search(
      vectors.map((vector) => vector.map((x) => 2 * x)),
      { k: 1 },
    );
    answers.forEach((hits, i) => {
      expect(hits[0]).toMatchObject({ id: itemsOf(vectors)[i]!.id, score: 1 });
    });
  });
});
