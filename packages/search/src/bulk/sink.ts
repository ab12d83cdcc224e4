import type { VectorItem, VectorStore } from '../vector-store.js';

/** An item that could not be embedded, and why. */
export interface QuarantinedItem {
  readonly id: string;
  readonly reason: string;
}

/** Where embeddings go. */
export interface BulkSink {
  /** Which of these ids are there already. */
  has(ids: readonly string[]): Promise<boolean[]>;
  /** Keeps the items for good once its promise is resolved, unless `flush` says so. */
  write(items: readonly VectorItem[]): Promise<void>;
  /**
   * At the end: what was not yet kept for good is.
   *
   * @param state.complete false when the work was ended by its signal: items may be missing
   */
  flush(state: { complete: boolean }): Promise<void>;
}

/**
 * Embeddings go into a store. An item is there whole, or not at all; the same id is written once.
 *
 * @example
 * await bulkEmbed(items, { ...options, sink: storeSink(store) });
 */
export function storeSink(store: VectorStore): BulkSink {
  return {
    has: async (ids) => (await store.get(ids)).map((item) => item !== undefined),
    write: (items) => store.upsert(items),
    flush: async () => {},
  };
}
