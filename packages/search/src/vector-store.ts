import type { Fields } from './fields.js';
import type { Filter } from './filter/filter.js';

/**
 * How near two vectors are, larger is nearer: `cosine` q·x / (|q| |x|), 0 for a zero vector; `dot` q·x; `euclidean` minus the
 * squared distance, -|q - x|².
 */
export type Similarity = 'cosine' | 'dot' | 'euclidean';

/** What is known of an item besides its vector: flat, so that every store can hold it. A field that is absent is missing. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** An item to store. */
export interface VectorItem {
  readonly id: string;
  /** [dimension], finite; stored as float32. */
  readonly vector: ArrayLike<number>;
  readonly metadata?: Metadata | undefined;
}

/** An item as a store holds it. */
export interface StoredItem {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: Metadata;
}

/** An answer to a query. */
export interface SearchHit {
  readonly id: string;
  /** Of the store's similarity; larger is nearer. */
  readonly score: number;
  readonly metadata: Metadata;
}

export interface VectorStoreOptions {
  /** Length of the vectors. */
  dimension: number;
  /** How near two vectors are. */
  similarity?: Similarity;
  /** Fields of metadata that filters may ask for. Others are kept with the item, and given back. */
  fields?: Fields;
}

export interface VectorSearchOptions {
  /** Answers per query. */
  k?: number;
  /** Only items whose metadata it accepts. */
  filter?: Filter | undefined;
}

export interface RecallOptions {
  k?: number;
  filter?: Filter | undefined;
}

/** How many of the exact answers a store finds. */
export interface Recall {
  /** Mean over the queries of |answers of the store ∩ exact answers| / |exact answers|; equal scores count alike. */
  recall: number;
  k: number;
  queries: number;
}

/**
 * Vectors that stay, with search. All methods may be called at any time, also while others run: a search sees the items of
 * one moment, and what a call to `upsert` or `delete` has changed is kept once its promise is resolved.
 */
export interface VectorStore {
  readonly dimension: number;
  readonly similarity: Similarity;
  readonly fields: Fields;

  /**
   * Adds items, or replaces those whose id is known. Of one id, the last item counts. When one item is invalid, nothing is stored.
   *
   * @throws CrossmodalError when an id is not a non-empty text, or a vector has another length or values that are not finite in
   *   float32, or metadata is not flat or contradicts `fields`
   */
  upsert(items: Iterable<VectorItem>): Promise<void>;

  /** Removes items; unknown ids are ignored. Gives the number of those that were removed. */
  delete(ids: Iterable<string>): Promise<number>;

  /** The items of these ids, in their order; undefined for those that are unknown. */
  get(ids: Iterable<string>): Promise<(StoredItem | undefined)[]>;

  /** Number of items, or of those that a filter accepts. */
  count(filter?: Filter): Promise<number>;

  /**
   * The k nearest items of each query, best first; of equal scores, the smaller id (by UTF-16 code units) first where the store is exact.
   *
   * @param queries [queries, dimension]: vectors, or what `await tensor.array()` gives
   * @returns one list per query, shorter than k when there are fewer items
   * @throws CrossmodalError when a query has another length or values that are not finite, or the filter names what does not exist
   */
  search(queries: readonly ArrayLike<number>[], options?: VectorSearchOptions): Promise<SearchHit[][]>;

  /** All items, one after the other, for export. Items that are changed meanwhile may come in their old or their new form. */
  items(): AsyncIterable<StoredItem>;

  /** Compares the store's answers to these queries with those of a full scan in double precision: 1 for an exact store. */
  recall(queries: readonly ArrayLike<number>[], options?: RecallOptions): Promise<Recall>;

  /** Waits for what is under way and gives everything back. A closed store refuses every call but this one. */
  close(): Promise<void>;
}
