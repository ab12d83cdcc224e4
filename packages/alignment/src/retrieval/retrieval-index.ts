/** What an index stores beside an embedding: plain JSON values that a filter can look at. */
export type Metadata = Record<string, string | number | boolean | null>;

/** One item of an index. */
export interface IndexedItem {
  id: string;
  /** The embedding, as long as the index's dimension. */
  vector: ArrayLike<number>;
  metadata?: Metadata;
}

/** One answer of a search, best first. */
export interface SearchHit {
  id: string;
  /** Similarity of query and item; larger is nearer. */
  score: number;
  metadata: Metadata;
}

export interface SearchOptions {
  /** Answers wanted per query. */
  k?: number;
  /** Items for which it returns false are left out before the k best are taken. */
  filter?: (metadata: Metadata, id: string) => boolean;
}
