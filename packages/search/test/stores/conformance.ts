import { Random } from '@crossmodal/core';
import { afterEach, describe, expect, test } from 'vitest';
import { checkFilter } from '../../src/filter/filter.js';
import { predicate } from '../../src/filter/predicate.js';
import type { Filter, Metadata, VectorStore, VectorStoreOptions } from '../../src/index.js';
import { idsOf, itemsOf, naiveScore, naiveSearch, randomVectors } from '../vectors.js';

export interface Contender {
  /** Opens the store of that name, or makes it. */
  open(name: string, options: VectorStoreOptions): Promise<VectorStore>;
  /** Whether a store that was closed can be opened again. */
  stays: boolean;
  /** Kills a process in the middle of its writes, at a moment that the number decides: see kill.ts. */
  kill?: (name: string, seed: number) => Promise<KillOutcome>;
  /** How near scores come to those in double precision, and whether equal ones come by id. */
  tolerance?: number;
  exact?: boolean;
  /** Rows of the large test, and milliseconds that it may take. */
  rows?: number;
  patience?: number;
}

export interface KillOutcome {
  /** Writes whose promise was resolved before the process died: each adds 49 items. */
  committed: number;
}

let names = 0;

/** What every store must do. */
export function conformance(title: string, contender: Contender): void {
  const { tolerance = 1e-12, exact = true, rows = 100_000, patience = 300_000 } = contender;
  describe(title, () => {
    const open: VectorStore[] = [];
    afterEach(async () => {
      for (const store of open.splice(0)) await store.close();
    });
    const make = async (options: Partial<VectorStoreOptions> = {}, name = `store_${process.pid}_${++names}`) => {
      const store = await contender.open(name, { dimension: 3, ...options });
      open.push(store);
      return store;
    };

    test('is empty at first, and answers with nothing', async () => {
      const store = await make();
      expect(await store.count()).toBe(0);
      expect(await store.search([[1, 0, 0]])).toEqual([[]]);
      expect(await store.search([])).toEqual([]);
      expect(await store.get(['a'])).toEqual([undefined]);
      expect(await store.delete(['a'])).toBe(0);
    });

    test('gives back what was stored', async () => {
      const store = await make({ fields: { label: 'string' } });
      const metadata = { label: 'cat', year: 1999, wild: false, note: 'it\'s "quoted" \\ 猫' };
      await store.upsert([
        { id: 'a', vector: [0.1, -2, 3], metadata },
        { id: 'b', vector: Float32Array.of(1, 2, 3) },
      ]);
      const [b, none, a] = await store.get(['b', 'c', 'a']);
      expect(none).toBeUndefined();
      expect(b).toEqual({ id: 'b', vector: Float32Array.of(1, 2, 3), metadata: {} });
      expect(a).toEqual({ id: 'a', vector: Float32Array.of(0.1, -2, 3), metadata });
      const [hits] = await store.search([[0.1, -2, 3]], { k: 1 });
      expect(hits).toEqual([{ id: 'a', score: expect.closeTo(1, 6), metadata }]);
    });

    test('replaces items of a known id, whole, and takes the last of several', async () => {
      const store = await make({ fields: { label: 'string' } });
      await store.upsert([{ id: 'a', vector: [1, 0, 0], metadata: { label: 'old', other: 1 } }]);
      await store.upsert([
        { id: 'a', vector: [0, 0, 9], metadata: { label: 'older' } },
        { id: 'b', vector: [1, 0, 0] },
        { id: 'a', vector: [0, 1, 0], metadata: { label: 'new' } },
      ]);
      expect(await store.count()).toBe(2);
      expect(await store.get(['a'])).toEqual([
        { id: 'a', vector: Float32Array.of(0, 1, 0), metadata: { label: 'new' } },
      ]);
      expect(idsOf((await store.search([[0, 1, 0]]))[0]!)).toEqual(['a', 'b']);
      expect(await store.count({ field: 'label', equals: 'old' })).toBe(0);
    });

    test('does not see what a caller does to its arrays later', async () => {
      const store = await make();
      const vector = Float32Array.of(1, 0, 0);
      const metadata: Record<string, string> = { label: 'cat' };
      const stored = store.upsert([{ id: 'a', vector, metadata }]);
      vector.fill(7);
      metadata['label'] = 'dog';
      await stored;
      const [item] = await store.get(['a']);
      expect(item).toEqual({ id: 'a', vector: Float32Array.of(1, 0, 0), metadata: { label: 'cat' } });
      item!.vector.fill(9);
      expect((await store.get(['a']))[0]!.vector).toEqual(Float32Array.of(1, 0, 0));
    });

    test('removes items, and says how many', async () => {
      const store = await make();
      await store.upsert(itemsOf(randomVectors(10, 3, 1)));
      expect(await store.delete(['item 000000', 'item 000004', 'item 000004', 'nobody', 'item 000009'])).toBe(3);
      expect(await store.count()).toBe(7);
      const [hits] = await store.search([[1, 1, 1]], { k: 100 });
      expect(idsOf(hits!).sort()).toEqual([1, 2, 3, 5, 6, 7, 8].map((i) => `item 00000${i}`));
      expect(await store.get(['item 000004'])).toEqual([undefined]);
    });

    test.each(['cosine', 'dot', 'euclidean'] as const)('ranks by %s as its definition does', async (similarity) => {
      const store = await make({ dimension: 19, similarity });
      const items = itemsOf(randomVectors(300, 19, 2));
      await store.upsert(items);
      const queries = randomVectors(7, 19, 3);
      const answers = await store.search(queries, { k: 12 });
      queries.forEach((query, i) => {
        expect(idsOf(answers[i]!)).toEqual(naiveSearch(similarity, query, items, 12));
        for (const { id, score } of answers[i]!) {
          const vector = items.find((item) => item.id === id)!.vector;
          const expected = naiveScore(similarity, query, vector);
          expect(Math.abs(score - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
        }
      });
      expect(await store.recall(queries, { k: 12 })).toEqual({ recall: 1, k: 12, queries: 7 });
    });

    test('takes zero vectors, whose cosine with everything is 0', async () => {
      const store = await make();
      await store.upsert([
        { id: 'zero', vector: [0, 0, 0] },
        { id: 'same', vector: [2, 0, 0] },
        { id: 'against', vector: [-3, 0, 0] },
      ]);
      const [hits, none] = await store.search([
        [1, 0, 0],
        [0, 0, 0],
      ]);
      expect(idsOf(hits!)).toEqual(['same', 'zero', 'against']);
      expect(hits!.map(({ score }) => score)).toEqual([1, 0, -1].map((x) => expect.closeTo(x, 6)));
      expect(none!.map(({ score }) => score)).toEqual([0, 0, 0]);
    });

    const bad: [string, ArrayLike<number>, RegExp][] = [
      ['too short', [1, 2], /must have 3 values, got 2/],
      ['too long', [1, 2, 3, 4], /must have 3 values, got 4/],
      ['with NaN', [1, Number.NaN, 3], /must be finite in float32, got NaN at 1/],
      [
        'with an infinity',
        Float32Array.of(1, 2, Number.POSITIVE_INFINITY),
        /must be finite in float32, got Infinity at 2/,
      ],
      ['beyond float32', [1e39, 0, 0], /must be finite in float32, got 1e\+39 at 0/],
    ];
    test.each(bad)(
      'refuses vectors that are %s, in items and in queries, and stores nothing of the call',
      async (_, vector, message) => {
        const store = await make();
        await expect(
          store.upsert([
            { id: 'good', vector: [1, 2, 3] },
            { id: 'bad', vector },
          ]),
        ).rejects.toThrow(message);
        await expect(store.search([[1, 2, 3], vector])).rejects.toThrow(message);
        expect(await store.count()).toBe(0);
      },
    );

    test('refuses what is no id, no metadata, no k, no option', async () => {
      const store = await make({ fields: { label: 'string' } });
      const vector = [1, 2, 3];
      await expect(store.upsert([{ id: '', vector }])).rejects.toThrow(/an id must be a non-empty/);
      await expect(store.upsert([{ id: '\ud800', vector }])).rejects.toThrow(/well-formed/);
      await expect(store.upsert([{ id: 7 as never, vector }])).rejects.toThrow(/an id must be/);
      await expect(store.upsert([{ id: 'a', vector, metadata: { label: 7 } }])).rejects.toThrow(
        /'label' must be a string/,
      );
      await expect(store.upsert([{ id: 'a', vector, metadata: { n: Number.NaN } }])).rejects.toThrow(/finite number/);
      await expect(store.upsert([{ id: 'a', vector, metadata: { list: [1] as never } }])).rejects.toThrow(
        /'list' must be/,
      );
      await expect(store.search([vector], { k: 0 })).rejects.toThrow(/k must be an integer of at least 1, got 0/);
      await expect(store.search([vector], { K: 3 } as never)).rejects.toThrow(/did you mean 'k'/);
      await expect(store.search([1, 2, 3] as never)).rejects.toThrow(/pass \[query\]/);
      expect(await store.count()).toBe(0);
    });

    test('knows ids of any script, in their exact form', async () => {
      const store = await make();
      const ids = [
        '猫',
        'é',
        'e\u0301',
        "o'brien",
        'a"b',
        'a\\b',
        '🙂',
        ' ',
        'a\nb',
        'a%_b',
        "x'; DROP TABLE y; --",
        '__proto__',
        'null',
      ];
      await store.upsert(ids.map((id, i) => ({ id, vector: [i + 1, 1, 0] })));
      expect(await store.count()).toBe(ids.length);
      expect((await store.get(ids)).map((item) => item?.id)).toEqual(ids);
      expect(await store.delete(["x'; DROP TABLE y; --", 'é'])).toBe(2);
      expect((await store.get(['e\u0301', 'é'])).map((item) => item?.id)).toEqual(['e\u0301', undefined]);
      expect(await store.count()).toBe(ids.length - 2);
    });

    describe('filters', () => {
      const fields = { label: 'string', year: 'number', wild: 'boolean' } as const;
      const metadata: Metadata[] = [
        { label: 'cat', year: 1990, wild: false },
        { label: 'dog', year: 1995.5, wild: false },
        { label: 'wolf', year: 2000, wild: true },
        { label: 'd\'or "%_\\', year: -1 },
        { label: '', wild: true },
        {},
      ];
      const cases: Filter[] = [
        { field: 'label', equals: 'cat' },
        { field: 'label', equals: '' },
        { field: 'label', equals: 'd\'or "%_\\' },
        { field: 'label', equals: "' OR '1'='1" },
        { field: 'label', in: ['cat', 'wolf', 'nothing'] },
        { field: 'label', in: [] },
        { field: 'label', atLeast: 'd', below: 'e' },
        { field: 'year', equals: 1995.5 },
        { field: 'year', atLeast: 1990, below: 2000 },
        { field: 'year', above: 1990, atMost: 2000 },
        { field: 'year', atMost: 0 },
        { field: 'year', in: [1990, -1] },
        { field: 'wild', equals: true },
        { field: 'wild', in: [true, false] },
        { not: { field: 'wild', equals: true } },
        { not: { field: 'year', above: 1991 } },
        {
          and: [
            { field: 'wild', equals: false },
            { field: 'year', above: 1991 },
          ],
        },
        { or: [{ field: 'label', equals: 'cat' }, { not: { field: 'label', atLeast: '' } }] },
        { and: [] },
        { or: [] },
        { not: { and: [{ or: [{ field: 'wild', equals: true }] }, { not: { field: 'label', in: ['wolf'] } }] } },
      ];

      test('accept what their definition accepts', async () => {
        const store = await make({ fields });
        await store.upsert(metadata.map((data, i) => ({ id: String(i), vector: [1, i, 0], metadata: data })));
        for (const filter of cases) {
          const accepts = predicate(checkFilter('test', filter, fields));
          const expected = metadata.flatMap((data, i) => (accepts(data) ? [String(i)] : []));
          const text = JSON.stringify(filter);
          const [hits] = await store.search([[1, 1, 0]], { filter });
          expect(idsOf(hits!).sort(), text).toEqual(expected);
          expect(await store.count(filter), text).toBe(expected.length);
        }
      });

      test('leave the k best of those that they accept', async () => {
        const store = await make({ dimension: 8, fields: { number: 'number' } });
        const items = itemsOf(randomVectors(500, 8, 4));
        await store.upsert(items);
        const [query] = randomVectors(1, 8, 5);
        const filter = { field: 'number', atLeast: 480 };
        const [hits] = await store.search([query!], { k: 5, filter });
        expect(idsOf(hits!)).toEqual(naiveSearch('cosine', query!, items.slice(480), 5));
        expect((await store.recall([query!], { k: 5, filter })).recall).toBe(1);
      });

      test('may hold any text', async () => {
        const store = await make({ fields });
        const random = new Random(6);
        const alphabet = [
          "'",
          '"',
          '\\',
          '%',
          '_',
          ';',
          '-',
          '`',
          '{',
          '}',
          '\n',
          '\t',
          ' ',
          'é',
          '猫',
          '🙂',
          'a',
          '0',
          '?',
          ':',
        ];
        const texts = Array.from({ length: 40 }, () =>
          Array.from({ length: 1 + random.integer(6) }, () => alphabet[random.integer(alphabet.length)]).join(''),
        );
        await store.upsert(texts.map((label, i) => ({ id: String(i), vector: [1, 0, i], metadata: { label } })));
        for (const label of texts) {
          const expected = texts.filter((text) => text === label).length;
          expect(await store.count({ field: 'label', equals: label }), JSON.stringify(label)).toBe(expected);
        }
      });

      test('are refused when they are wrong', async () => {
        const store = await make({ fields });
        const refused: [unknown, RegExp][] = [
          [{ field: 'labl', equals: 'cat' }, /no field 'labl' to filter by, it has label, year, wild/],
          [{ field: 'year', equals: '1990' }, /'equals' must be a number/],
          [{ field: 'wild', above: true }, /boolean and has no order/],
          [{ field: 'label' }, /must have 'equals', 'in'/],
          [{ field: 'label', equals: 'cat', in: [] }, /must not have 'in'/],
          [{ field: 'year', atleast: 3 }, /must not have 'atleast'/],
          [{ and: {} }, /must be a list/],
          ["label = 'cat'", /a filter must be an object/],
          [{ field: 'label', equals: '\udc00' }, /'equals' must be a string/],
          [Array.from({ length: 40 }).reduce((inner) => ({ not: inner }), { and: [] }), /nested at most 32 deep/],
        ];
        for (const [filter, message] of refused) {
          await expect(store.search([[1, 2, 3]], { filter: filter as Filter })).rejects.toThrow(message);
          await expect(store.count(filter as Filter)).rejects.toThrow(message);
        }
      });
    });

    test('lists all items', async () => {
      const store = await make();
      const items = itemsOf(randomVectors(50, 3, 7));
      await store.upsert(items);
      await store.delete(['item 000003']);
      const listed = [];
      for await (const item of store.items()) listed.push(item);
      listed.sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(listed).toEqual(items.filter(({ id }) => id !== 'item 000003'));
    });

    test('serves readers while a writer writes: each sees whole calls only', async () => {
      const store = await make({ dimension: 4, fields: { number: 'number' } });
      const batch = (round: number) =>
        randomVectors(40, 4, 8).map((vector, i) => ({ id: `r${i}`, vector, metadata: { number: round } }));
      await store.upsert(batch(0));
      let writing = true;
      const writer = (async () => {
        for (let round = 1; round <= 8; round++) await store.upsert(batch(round));
        writing = false;
      })();
      const readers = Array.from({ length: 3 }, async () => {
        let reads = 0;
        while (writing || reads < 3) {
          const [hits] = await store.search([[1, 0, 0, 0]], { k: 40 });
          expect(hits!.length).toBe(40);
          expect(new Set(hits!.map(({ metadata }) => metadata['number'])).size).toBe(1);
          reads++;
        }
      });
      await Promise.all([writer, ...readers]);
      expect(await store.count({ field: 'number', equals: 8 })).toBe(40);
    });

    test('can be closed twice, and refuses everything then', async () => {
      const store = await make();
      await store.close();
      await store.close();
      await expect(store.count()).rejects.toThrow(/the store is closed/);
      await expect(store.upsert([{ id: 'a', vector: [1, 2, 3] }])).rejects.toThrow(/the store is closed/);
      await expect(store.search([[1, 2, 3]])).rejects.toThrow(/the store is closed/);
    });

    test(
      `holds ${rows} rows`,
      async () => {
        const store = await make({ dimension: 16, fields: { number: 'number' } });
        const items = itemsOf(randomVectors(rows, 16, 9));
        await store.upsert(items);
        expect(await store.count()).toBe(rows);
        const queries = randomVectors(3, 16, 10);
        const answers = await store.search(queries, { k: 10 });
        queries.forEach((query, i) => {
          expect(idsOf(answers[i]!)).toEqual(naiveSearch('cosine', query, items, 10));
        });
        expect(await store.count({ field: 'number', below: 1000 })).toBe(1000);
        expect(await store.delete(items.slice(0, 500).map(({ id }) => id))).toBe(500);
        expect(await store.count()).toBe(rows - 500);
      },
      patience,
    );

    if (exact) {
      test('orders equal scores by id', async () => {
        const store = await make();
        const ids = new Random(11).shuffle(Array.from({ length: 400 }, (_, i) => String(i).padStart(3, '0')));
        await store.upsert(ids.map((id) => ({ id, vector: [Number(id) < 390 ? 1 : 2, 1, 1] })));
        const [hits] = await store.search([[1, 1, 1]], { k: 20 });
        expect(idsOf(hits!)).toEqual(Array.from({ length: 20 }, (_, i) => String(i).padStart(3, '0')));
      });
    }

    describe.runIf(contender.stays)('after it was closed', () => {
      test('opens with everything that it held', async () => {
        const name = `store_${process.pid}_${++names}`;
        const options = { dimension: 5, similarity: 'dot', fields: { number: 'number' } } as const;
        const first = await make(options, name);
        const items = itemsOf(randomVectors(100, 5, 12));
        await first.upsert(items);
        await first.delete(['item 000007']);
        const [query] = randomVectors(1, 5, 13);
        const [expected] = await first.search([query!]);
        await first.close();
        const second = await make(options, name);
        expect(await second.count()).toBe(99);
        expect((await second.search([query!]))[0]).toEqual(expected);
        expect(await second.count({ field: 'number', below: 10 })).toBe(9);
        await second.upsert([{ id: 'more', vector: [1, 2, 3, 4, 5] }]);
        expect(await second.count()).toBe(100);
      });

      test('is not opened as what it is not', async () => {
        const name = `store_${process.pid}_${++names}`;
        await (await make({ fields: { label: 'string' } }, name)).close();
        open.length = 0;
        await expect(contender.open(name, { dimension: 4 })).rejects.toThrow(/has dimension 3, got 4/);
        await expect(contender.open(name, { dimension: 3, similarity: 'dot' })).rejects.toThrow(
          /has similarity cosine, got dot/,
        );
        await expect(contender.open(name, { dimension: 3, fields: {} })).rejects.toThrow(/has fields/);
      });
    });

    const { kill } = contender;
    if (kill) {
      test('loses nothing that was committed when its process is killed in the middle of a write', async () => {
        for (let seed = 0; seed < 3; seed++) {
          const name = `killed_${process.pid}_${++names}`;
          const { committed } = await kill(name, seed);
          const store = await make({ dimension: 32, fields: { write: 'number' } }, name);
          // The write that was under way is there whole, or not at all.
          const count = await store.count();
          const writes = count / 49;
          expect([committed, committed + 1]).toContain(writes);
          for (let write = 0; write < writes; write++) {
            expect(await store.count({ field: 'write', equals: write }), `write ${write} of ${writes}`).toBe(49);
          }
          await store.upsert([{ id: 'after', vector: new Float32Array(32).fill(1) }]);
          expect(await store.count()).toBe(count + 1);
        }
      }, 300_000);
    }
  });
}
