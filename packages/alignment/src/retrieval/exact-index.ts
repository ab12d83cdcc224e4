import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Best } from './best.js';
import type { IndexedItem, Metadata, SearchHit, SearchOptions } from './retrieval-index.js';
import type { Similarity } from './similarity.js';

export interface ExactIndexOptions {
  dimension: number;
  similarity?: Similarity;
}

// Below this many multiplications a plain loop on the host is faster than moving the vectors to the device.
const HOST_WORK = 4e6;
// Items scored at a time on the device.
const BLOCK = 16384;

/**
 * An in-memory index that compares a query with every item: exact, simple, right up to some hundred thousand items.
 * Vectors live on the host as float32; nothing has to be disposed.
 */
export class ExactIndex {
  readonly dimension: number;
  readonly similarity: Similarity;
  #vectors = new Float32Array(0);
  #ids: string[] = [];
  #metadata: Metadata[] = [];
  #positions = new Map<string, number>();

  constructor({
    dimension,
    similarity = 'cosine', // CLIP
  }: ExactIndexOptions) {
    if (!Number.isInteger(dimension) || dimension < 1) {
      throw new CrossmodalError(`exactIndex: dimension must be a positive integer, got ${dimension}`);
    }
    this.dimension = dimension;
    this.similarity = similarity;
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
      this.#vectors.set(this.#normalise(vector), position * this.dimension);
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
  async search(queries: Tensor2D | ArrayLike<number>, { k = 10, filter }: SearchOptions = {}): Promise<SearchHit[][]> {
    if (!Number.isInteger(k) || k < 1)
      throw new CrossmodalError(`exactIndex.search: k must be a positive integer, got ${k}`);
    const rows = await this.#readQueries(queries);
    const count = rows.length / this.dimension;
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

  #scanOnHost(rows: Float32Array, kept: readonly number[], best: readonly Best[]): void {
    const size = this.dimension;
    best.forEach((list, query) => {
      for (const position of kept) {
        let sum = 0;
        for (let d = 0; d < size; d++) {
          const q = rows[query * size + d] as number;
          const v = this.#vectors[position * size + d] as number;
          sum += this.similarity === 'euclidean' ? -((q - v) ** 2) : q * v;
        }
        list.offer(position, sum);
      }
    });
  }

  async #scanOnDevice(rows: Float32Array, kept: readonly number[], best: readonly Best[]): Promise<void> {
    const isKept = new Uint8Array(this.size);
    for (const position of kept) isKept[position] = 1;
    for (let first = 0; first < this.size; first += BLOCK) {
      const items = Math.min(BLOCK, this.size - first);
      const block = this.#vectors.slice(first * this.dimension, (first + items) * this.dimension);
      const scores = tf.tidy(() => {
        const q = tf.tensor2d(rows, [best.length, this.dimension]);
        const v = tf.tensor2d(block, [items, this.dimension]);
        const products = tf.matMul<Tensor2D>(q, v, false, true);
        if (this.similarity !== 'euclidean') return products;
        const squares = tf.add(tf.sum(tf.square(q), 1, true), tf.reshape(tf.sum(tf.square(v), 1), [1, -1]));
        return tf.sub(tf.mul(products, 2), squares) as Tensor2D;
      });
      try {
        const values = await scores.data();
        best.forEach((list, query) => {
          for (let i = 0; i < items; i++)
            if (isKept[first + i]) list.offer(first + i, values[query * items + i] as number);
        });
      } finally {
        scores.dispose();
      }
    }
  }

  async #readQueries(queries: Tensor2D | ArrayLike<number>): Promise<Float32Array> {
    if (typeof queries === 'object' && 'dataId' in queries) {
      if (queries.rank !== 2 || queries.shape[1] !== this.dimension) {
        throw new CrossmodalError(
          `exactIndex.search: queries must have shape [queries, ${this.dimension}], got [${queries.shape}]`,
        );
      }
      const values = await queries.data();
      const rows = new Float32Array(values.length);
      for (let i = 0; i < values.length; i += this.dimension) {
        const row = values.subarray(i, i + this.dimension);
        this.#check(`search: query ${i / this.dimension}`, row);
        rows.set(this.#normalise(row), i);
      }
      return rows;
    }
    this.#check('search: query', queries);
    return Float32Array.from(this.#normalise(queries));
  }

  #check(what: string, vector: ArrayLike<number>): void {
    if (vector.length !== this.dimension) {
      throw new CrossmodalError(`exactIndex.${what} must have ${this.dimension} values, got ${vector.length}`);
    }
    for (let d = 0; d < vector.length; d++) {
      if (!Number.isFinite(vector[d]))
        throw new CrossmodalError(`exactIndex.${what} must be finite, got ${vector[d]} at ${d}`);
    }
  }

  #normalise(vector: ArrayLike<number>): ArrayLike<number> {
    if (this.similarity !== 'cosine') return vector;
    let sum = 0;
    for (let d = 0; d < vector.length; d++) sum += (vector[d] as number) ** 2;
    const length = Math.sqrt(sum);
    return length === 0 ? vector : Float32Array.from(vector, (value) => value / length);
  }

  #reserve(items: number): void {
    if (items * this.dimension <= this.#vectors.length) return;
    const grown = new Float32Array(Math.max(items, this.size * 2) * this.dimension);
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
  return new ExactIndex(options);
}
