import { describe, expect, it } from 'vitest';
import { FilterMasks } from '../../src/exact/filter-masks.js';
import { checkFilter } from '../../src/filter/filter.js';
import { type Metadata, memoryStore } from '../../src/index.js';

const fields = { kind: 'string', year: 'number' } as const;
const metadata: Metadata[] = [{ kind: 'a', year: 1 }, { kind: 'b', year: 2 }, { kind: 'a' }, {}];
const filter = (value: object) => checkFilter('test', value, fields);

describe('masks of filters', () => {
  it('are made once for equal filters, until the store changes', () => {
    const masks = new FilterMasks();
    const first = masks.of(filter({ field: 'kind', equals: 'a' }), metadata);
    expect([...first.positions]).toEqual([1, 0, 1, 0]);
    expect(first.count).toBe(2);
    expect(masks.of(filter({ field: 'kind', in: ['a'] }), metadata)).toBe(first);
    expect(masks.of(filter({ not: { field: 'kind', equals: 'a' } }), metadata).count).toBe(2);
    masks.clear();
    const second = masks.of(filter({ field: 'kind', equals: 'a' }), metadata.slice(0, 1));
    expect([...second.positions]).toEqual([1]);
  });

  it('are held for those that were asked for last', () => {
    const masks = new FilterMasks();
    const often = masks.of(filter({ field: 'year', atLeast: 0 }), metadata);
    const once = masks.of(filter({ field: 'year', atLeast: 1 }), metadata);
    for (let i = 2; i < 20; i++) {
      masks.of(filter({ field: 'year', atLeast: i }), metadata);
      expect(masks.of(filter({ field: 'year', atLeast: 0 }), metadata)).toBe(often);
    }
    expect(masks.of(filter({ field: 'year', atLeast: 1 }), metadata)).not.toBe(once);
  });

  it('follow every change of a store', async () => {
    const store = memoryStore({ dimension: 1, fields, threads: 0 });
    const found = async () => {
      const [hits = []] = await store.search([[1]], { k: 9, filter: { field: 'kind', equals: 'a' } });
      expect(await store.count({ field: 'kind', equals: 'a' })).toBe(hits.length);
      return hits.map(({ id }) => id);
    };
    const put = (id: string, kind: string) => store.upsert([{ id, vector: [1], metadata: { kind } }]);
    await put('1', 'a');
    await put('2', 'b');
    expect(await found()).toEqual(['1']);
    await put('3', 'a');
    expect(await found()).toEqual(['1', '3']);
    await put('1', 'b');
    expect(await found()).toEqual(['3']);
    await put('2', 'a');
    await store.delete(['1']); // 3 takes its place
    expect(await found()).toEqual(['2', '3']);
    await store.close();
  });
});
