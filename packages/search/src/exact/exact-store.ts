import { CrossmodalError } from '@crossmodal/core';
import { checkItems, checkQueries, checkSearchOptions, type ItemBatch, type StoreShape } from '../check.js';
import { checkFilter, type Filter } from '../filter/filter.js';
import { measureRecall } from '../recall.js';
import type {
  Metadata,
  Recall,
  RecallOptions,
  SearchHit,
  StoredItem,
  VectorItem,
  VectorSearchOptions,
  VectorStore,
} from '../vector-store.js';
import { type FilterMask, FilterMasks } from './filter-masks.js';
import { ReadWriteLock } from './read-write-lock.js';
import { ExactRows, type RankedRow } from './rows.js';
import type { Scanner } from './scanner.js';

/** Changes to a store, as they are kept. */
export interface Change {
  upsert?: ItemBatch;
  delete?: readonly string[];
}

/** Keeps changes before they take effect. */
export interface Journal {
  append(change: Change): Promise<void>;
  /** After a change took effect: the place to tidy up. */
  settle(batches: Iterable<ItemBatch>, count: number): Promise<void>;
  close(): Promise<void>;
}

/** Keeps nothing. */
export const noJournal: Journal = { append: async () => {}, settle: async () => {}, close: async () => {} };

/** Everything in memory, every query compared with every item, in double precision. */
export class ExactStore implements VectorStore {
  readonly dimension: number;
  readonly similarity: StoreShape['similarity'];
  readonly fields: StoreShape['fields'];
  readonly #rows: ExactRows;
  readonly #ids: string[] = [];
  readonly #metadata: Metadata[] = [];
  readonly #positions = new Map<string, number>();
  readonly #masks = new FilterMasks();
  readonly #lock = new ReadWriteLock();
  readonly #where: string;
  #journal: Journal = noJournal;
  #closing: Promise<void> | undefined;

  constructor(where: string, shape: StoreShape, scanner: Scanner) {
    this.#where = where;
    this.dimension = shape.dimension;
    this.similarity = shape.similarity;
    this.fields = shape.fields;
    this.#rows = new ExactRows(shape.dimension, shape.similarity, scanner);
  }

  /** Keeps the changes from here on. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  #name(method: string): string {
    if (this.#closing) throw new CrossmodalError(`${this.#where}.${method}: the store is closed`);
    return `${this.#where}.${method}`;
  }

  async upsert(items: Iterable<VectorItem>): Promise<void> {
    const batch = checkItems(this.#name('upsert'), items, this);
    if (batch.ids.length > 0) await this.#lock.write(() => this.#commit({ upsert: batch }));
  }

  async delete(ids: Iterable<string>): Promise<number> {
    this.#name('delete');
    const wanted = new Set(ids);
    return this.#lock.write(async () => {
      const present = [...wanted].filter((id) => this.#positions.has(id));
      if (present.length > 0) await this.#commit({ delete: present });
      return present.length;
    });
  }

  async #commit(change: Change): Promise<void> {
    // Room first: what cannot be held must not be kept either.
    this.#rows.reserve(this.#rows.count + (change.upsert?.ids.length ?? 0));
    await this.#journal.append(change);
    this.apply(change);
    await this.#journal.settle(this.batches(), this.#ids.length);
  }

  /** Takes over a change; there must be nobody who searches. */
  apply({ upsert, delete: removed = [] }: Change): void {
    this.#masks.clear();
    if (upsert) {
      this.#rows.reserve(this.#rows.count + upsert.ids.length);
      if (upsert.squared && !upsert.ids.some((id) => this.#positions.has(id))) this.#add(upsert, upsert.squared);
      else this.#replace(upsert);
    }
    for (const id of removed) this.#remove(id);
  }

  /** Items of new ids, which follow the others. */
  #add({ ids, vectors, metadata }: ItemBatch, squared: ArrayLike<number>): void {
    this.#rows.append(vectors, squared);
    ids.forEach((id, i) => {
      this.#positions.set(id, this.#ids.length);
      this.#ids.push(id);
      this.#metadata.push(metadata[i]!);
    });
  }

  #replace({ ids, vectors, metadata, squared }: ItemBatch): void {
    ids.forEach((id, i) => {
      const position = this.#positions.get(id) ?? this.#ids.length;
      this.#rows.set(position, vectors.subarray(i * this.dimension, (i + 1) * this.dimension), squared?.[i]);
      this.#ids[position] = id;
      this.#metadata[position] = metadata[i]!;
      this.#positions.set(id, position);
    });
  }

  #remove(id: string): void {
    const position = this.#positions.get(id);
    if (position === undefined) return;
    this.#rows.remove(position);
    this.#positions.delete(id);
    const lastId = this.#ids.pop()!;
    const lastMetadata = this.#metadata.pop()!;
    if (lastId === id) return;
    this.#ids[position] = lastId;
    this.#metadata[position] = lastMetadata;
    this.#positions.set(lastId, position);
  }

  /** All items, a few thousand at a time; there must be nobody who writes. */
  *batches(size = 4096): Generator<ItemBatch> {
    for (let from = 0; from < this.#ids.length; from += size) {
      const ids = this.#ids.slice(from, from + size);
      const vectors = new Float32Array(ids.length * this.dimension);
      ids.forEach((_, i) => {
        vectors.set(this.#rows.view(from + i), i * this.dimension);
      });
      yield { ids, vectors, metadata: this.#metadata.slice(from, from + size) };
    }
  }

  #item(position: number): StoredItem {
    return {
      id: this.#ids[position]!,
      vector: this.#rows.view(position).slice(),
      metadata: { ...this.#metadata[position]! },
    };
  }

  async get(ids: Iterable<string>): Promise<(StoredItem | undefined)[]> {
    this.#name('get');
    const wanted = [...ids];
    return this.#lock.read(async () =>
      wanted.map((id) => {
        const position = this.#positions.get(id);
        return position === undefined ? undefined : this.#item(position);
      }),
    );
  }

  async count(filter?: Filter): Promise<number> {
    const mask = this.#masking(this.#name('count'), filter);
    return this.#lock.read(async () => mask()?.count ?? this.#ids.length);
  }

  /** Which items a filter accepts, when asked; undefined for all. */
  #masking(where: string, filter: Filter | undefined): () => FilterMask | undefined {
    if (filter === undefined) return () => undefined;
    const checked = checkFilter(where, filter, this.fields);
    return () => this.#masks.of(checked, this.#metadata);
  }

  async search(queries: readonly ArrayLike<number>[], options: VectorSearchOptions = {}): Promise<SearchHit[][]> {
    const where = this.#name('search');
    const { k } = checkSearchOptions(where, options);
    const values = checkQueries(where, queries, this.dimension);
    const mask = this.#masking(where, options.filter);
    return this.#lock.read(async () => {
      const answers = await this.#rows.search(values, Math.min(k, Math.max(1, this.#ids.length)), mask()?.positions);
      return answers.map((rows) => this.#ranked(rows, k));
    });
  }

  #ranked(rows: RankedRow[], k: number): SearchHit[] {
    const ids = this.#ids;
    rows.sort((a, b) => b.score - a.score || (ids[a.position]! < ids[b.position]! ? -1 : 1));
    return rows.slice(0, k).map(({ position, score }) => ({
      id: ids[position]!,
      score,
      metadata: { ...this.#metadata[position]! },
    }));
  }

  async *items(): AsyncGenerator<StoredItem> {
    this.#name('items');
    for (const id of await this.#lock.read(async () => [...this.#ids])) {
      const [item] = await this.get([id]);
      if (item) yield item;
    }
  }

  async recall(queries: readonly ArrayLike<number>[], options: RecallOptions = {}): Promise<Recall> {
    return measureRecall(this.#name('recall'), this, queries, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#lock.write(async () => {
      try {
        await this.#journal.close();
      } finally {
        await this.#rows.close();
        this.#masks.clear();
        this.#ids.length = 0;
        this.#metadata.length = 0;
        this.#positions.clear();
      }
    });
    return this.#closing;
  }
}
