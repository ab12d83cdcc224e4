import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { openLanceStore } from '../../src/index.js';
import { temporaryFolder } from '../temporary.js';
import { itemsOf, randomVectors } from '../vectors.js';
import { conformance } from './conformance.js';
import { killWriter } from './kill.js';
import { openContender } from './open-contender.js';

/** LanceDB has no library for every machine. */
function isInstalled(): boolean {
  try {
    createRequire(import.meta.url)('@lancedb/lancedb');
    return true;
  } catch {
    return false;
  }
}

const folder = temporaryFolder();
describe.skipIf(!isInstalled())('LanceDB', () => {
  conformance('a store in LanceDB', {
    stays: true,
    exact: false,
    open: (name, options) => openContender('lancedb', folder, name, options),
    kill: (name, seed) => killWriter('lancedb', folder, name, seed),
  });

  test('an index finds most of the exact answers, and new items at once', async () => {
    const store = await openLanceStore(`${folder}/index`, { dimension: 32 });
    await store.upsert(itemsOf(randomVectors(5000, 32, 20)));
    const queries = randomVectors(20, 32, 21);
    expect((await store.recall(queries, { k: 10 })).recall).toBe(1);
    await store.buildIndex();
    const { recall } = await store.recall(queries, { k: 10 });
    expect(recall).toBeGreaterThan(0.9);
    await store.upsert([{ id: 'new', vector: queries[0]! }]);
    expect((await store.search([queries[0]!], { k: 1 }))[0]![0]).toMatchObject({ id: 'new', score: 1 });
    await store.buildIndex();
    expect((await store.search([queries[0]!], { k: 1 }))[0]![0]).toMatchObject({ id: 'new', score: 1 });
    await store.close();
  });

  test('an index needs items', async () => {
    const store = await openLanceStore(`${folder}/few`, { dimension: 2 });
    await expect(store.buildIndex()).rejects.toThrow('must have at least 256 items, it has 0');
    await store.close();
  });

  test('a table must be there, or be described', async () => {
    await expect(openLanceStore(`${folder}/none`)).rejects.toThrow(/no table 'vectors' .*; pass dimension to make one/);
  });
});
