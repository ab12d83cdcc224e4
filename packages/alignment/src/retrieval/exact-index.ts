import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { Best } from './best.js';
import { DeviceScores, ExactScores, type Rows } from './pair-scores.js';
import type { IndexedItem, Metadata, SearchHit, SearchOptions } from './retrieval-index.js';
import { requireSimilarity, type Similarity } from './similarity.js';

export interface ExactIndexOptions {
  dimension: number;
  similarity?: Similarity;
}

// Below this many multiplications a plain loop on the host is faster than moving the vectors to the device.
const HOST_WORK = 4e6;
// Items scored at a time on the device.
const BLOCK = 16384;
// Queries scored at a time: with a block of items 64 MiB of scores.
const QUERIES = 1024;

/**
 * An in-memory index that compares a query with every item: exact, simple, right up to some hundred thousand items.
 * Vectors live on the host, as float32 for the cosine and as float64 for the inner product and for distances, where coordinates of any
 * size keep their digits; nothing has to be disposed. Scores are exact in double precision, however many queries come at once.
 */
export class ExactIndex {
  readonly dimension: number;
  readonly similarity: Similarity;
  #vectors: Rows['values'];
  #ids: string[] = [];
  #metadata: Metadata[] = [];
  #positions = new Map<string, number>();

  constructor({
    dimension,
    similarity = 'cosine', // CLIP
  }: ExactIndexOptions) {
    requireInteger('exactIndex: dimension', dimension);
    requireSimilarity('exactIndex', similarity);
    this.dimension = dimension;
    this.similarity = similarity;
    this.#vectors = this.#array(0);
  }

  /** Number of items. */
  get size(): number {
    return this.#ids.length;
  }

  has(id: string): boolean {
    return this.#positions.has(id);
  }

  /** Adds items, or replaces those whose identifier is known. Nothing is stored when one item is invalid. */
  upsert(items: readonly IndexedItem[]): void {
    for (const { id, vector } of items) this.#check(`upsert: item '${id}'`, vector);
    this.#reserve(this.size + items.length);
    for (const { id, vector, metadata = {} } of items) {
      let position = this.#positions.get(id);
      if (position === undefined) {
        position = this.#ids.length;
        this.#ids.push(id);
        this.#positions.set(id, position);
      }
      this.#metadata[position] = { ...metadata };
      this.#vectors.set(vector, position * this.dimension);
    }
  }

  /** Adds the rows of a tensor under the given identifiers. */
  async upsertRows(ids: readonly string[], rows: Tensor2D, metadata: readonly Metadata[] = []): Promise<void> {
    if (rows.rank !== 2 || rows.shape[0] !== ids.length || rows.shape[1] !== this.dimension) {
      throw new CrossmodalError(
        `exactIndex.upsertRows: rows must have shape [${ids.length}, ${this.dimension}], got [${rows.shape}]`,
      );
    }
    const values = await rows.data();
    this.upsert(
      ids.map((id, i) => ({
        id,
        vector: values.subarray(i * this.dimension, (i + 1) * this.dimension),
        ...(metadata[i] ? { metadata: metadata[i] } : {}),
      })),
    );
  }

  /** Removes items; unknown identifiers are ignored. Returns how many were removed. */
  delete(ids: Iterable<string>): number {
    let removed = 0;
    for (const id of ids) {
      const position = this.#positions.get(id);
      if (position === undefined) continue;
      // The last item takes the free place, so that vectors stay contiguous.
      const last = this.#ids.length - 1;
      const movedId = this.#ids[last] as string;
      this.#ids[position] = movedId;
      this.#metadata[position] = this.#metadata[last] as Metadata;
      this.#vectors.copyWithin(position * this.dimension, last * this.dimension, (last + 1) * this.dimension);
      this.#positions.set(movedId, position);
      this.#ids.pop();
      this.#metadata.pop();
      this.#positions.delete(id);
      removed++;
    }
    return removed;
  }

  /**
   * The k nearest items of each query, best first; equal scores in a fixed order.
   *
   * @param queries [queries, dimension], or one vector
   * @returns one list per query
   */
  async search(
    queries: Tensor2D | ArrayLike<number>,
    { k = 10, filter, ...others }: SearchOptions = {},
  ): Promise<SearchHit[][]> {
    assertKnownOptions('exactIndex.search', others, ['k', 'filter']);
    requireInteger('exactIndex.search: k', k);
    const rows = await this.#readQueries(queries);
    const { count } = rows;
    const kept: number[] = [];
    for (let position = 0; position < this.size; position++) {
      if (!filter || filter(this.#metadata[position] as Metadata, this.#ids[position] as string)) kept.push(position);
    }
    const best = Array.from({ length: count }, () => new Best(Math.min(k, kept.length)));
    if (count * this.size * this.dimension <= HOST_WORK) this.#scanOnHost(rows, kept, best);
    else await this.#scanOnDevice(rows, kept, best);
    return best.map((list) =>
      list.entries.map(({ position, score }) => ({
        id: this.#ids[position] as string,
        score,
        metadata: this.#metadata[position] as Metadata,
      })),
    );
  }

  #scanOnHost(queries: Rows, kept: readonly number[], best: readonly Best[]): void {
    const exact = new ExactScores(queries, this.#rows(), this.similarity);
    best.forEach((list, query) => {
      for (const position of kept) list.offer(position, exact.score(query, position));
    });
  }

  /** The device finds the items that can be among the best in spite of rounding; those are scored again exactly. */
  async #scanOnDevice(queries: Rows, kept: readonly number[], best: readonly Best[]): Promise<void> {
    const items = this.#rows();
    const isKept = new Uint8Array(this.size);
    for (const position of kept) isKept[position] = 1;
    const device = new DeviceScores(queries, items, this.similarity);
    const exact = new ExactScores(queries, items, this.similarity);
    for (let first = 0; first < this.size; first += BLOCK) {
      const count = Math.min(BLOCK, this.size - first);
      for (let from = 0; from < queries.count; from += QUERIES) {
        const some = best.slice(from, from + QUERIES);
        const { values, bounds } = await device.block(from, some.length, first, count);
        some.forEach((list, row) => {
          for (let i = 0; i < count; i++) {
            if (!isKept[first + i]) continue;
            const highest = (values[row * count + i] as number) + (bounds[row] as number);
            // Not `>=`: a score that is no number must be looked at.
            if (highest < list.threshold) continue;
            list.offer(first + i, exact.score(from + row, first + i));
          }
        });
      }
    }
  }

  #rows(): Rows {
    return { values: this.#vectors, count: this.size, dimension: this.dimension };
  }

  async #readQueries(queries: Tensor2D | ArrayLike<number>): Promise<Rows> {
    const { dimension } = this;
    if (typeof queries === 'object' && 'dataId' in queries) {
      if (queries.rank !== 2 || queries.shape[1] !== this.dimension) {
        throw new CrossmodalError(
          `exactIndex.search: queries must have shape [queries, ${this.dimension}], got [${queries.shape}]`,
        );
      }
      const values = Float64Array.from(await queries.data());
      for (let i = 0; i < values.length; i += dimension) {
        this.#check(`search: query ${i / dimension}`, values.subarray(i, i + dimension));
      }
      return { values, count: queries.shape[0], dimension };
    }
    this.#check('search: query', queries);
    return { values: Float64Array.from(queries), count: 1, dimension };
  }

  #check(what: string, vector: ArrayLike<number>): void {
    if (vector.length !== this.dimension) {
      throw new CrossmodalError(`exactIndex.${what} must have ${this.dimension} values, got ${vector.length}`);
    }
    let zero = true;
    for (let d = 0; d < vector.length; d++) {
      if (!Number.isFinite(vector[d]))
        throw new CrossmodalError(`exactIndex.${what} must be finite, got ${vector[d]} at ${d}`);
      if (vector[d] !== 0) zero = false;
    }
    if (zero && this.similarity === 'cosine') {
      throw new CrossmodalError(`exactIndex.${what} must not be zero, which has no direction and so no cosine`, {
        remedy: 'leave it out, or use similarity dot or euclidean',
      });
    }
  }

  #array(length: number): Rows['values'] {
    return this.similarity === 'cosine' ? new Float32Array(length) : new Float64Array(length);
  }

  #reserve(items: number): void {
    if (items * this.dimension <= this.#vectors.length) return;
    const grown = this.#array(Math.max(items, this.size * 2) * this.dimension);
    grown.set(this.#vectors.subarray(0, this.size * this.dimension));
    this.#vectors = grown;
  }
}

/**
 * Makes an empty in-memory index.
 *
 * @example
 * const index = exactIndex({ dimension: 64 });
 * await index.upsertRows(['cat', 'dog'], imageRows);
 * const [hits] = await index.search(textRow, { k: 5 });
 */
export function exactIndex(options: ExactIndexOptions): ExactIndex {
  assertKnownOptions('exactIndex', options, ['dimension', 'similarity']);

  return new ExactIndex(options);
}
