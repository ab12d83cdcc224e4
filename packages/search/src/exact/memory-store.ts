import { availableParallelism } from 'node:os';
import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { checkShape } from '../check.js';
import type { VectorStore, VectorStoreOptions } from '../vector-store.js';
import { ExactStore } from './exact-store.js';
import { inlineScanner, type Scanner } from './scanner.js';
import { threadScanner } from './thread-scanner.js';

export interface ExactStoreOptions extends VectorStoreOptions {
  /** Threads that compare; they start when there is work for them. 0: the thread that asks does it. */
  threads?: number;
}

export const exactOptionNames: Record<keyof ExactStoreOptions, true> = {
  dimension: true,
  similarity: true,
  fields: true,
  threads: true,
};

export function makeScanner(where: string, threads = availableParallelism()): Scanner {
  requireInteger(`${where}: threads`, threads, 0, 256);
  return threads === 0 ? inlineScanner : threadScanner(threads);
}

/**
 * Makes an empty store in memory that compares every query with every item: exact, up to some million items (1 GB holds half a
 * million vectors of 512 values). `saveStore` writes it to a folder.
 *
 * Answers are those of a scan in double precision over the float32 values, equal scores by id, whatever the number of queries.
 *
 * @throws CrossmodalError when an option is unknown or out of range
 * @example
 * const store = memoryStore({ dimension: 3, fields: { label: 'string' } });
 * await store.upsert([{ id: 'cat.jpg', vector: [1, 0, 0], metadata: { label: 'cat' } }]);
 * const [hits] = await store.search([[0.9, 0.1, 0]], { k: 5, filter: { field: 'label', equals: 'cat' } });
 * await store.close();
 */
export function memoryStore(options: ExactStoreOptions): VectorStore {
  assertKnownOptions('memoryStore', options, exactOptionNames);
  return new ExactStore('memoryStore', checkShape('memoryStore', options), makeScanner('memoryStore', options.threads));
}
