import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Connection, Table, VectorQuery } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { checkItems, checkQueries, checkSameShape, checkSearchOptions, checkShape, type StoreShape } from '../check.js';
import { exactScore, squaredLength } from '../exact/score.js';
import { checkFilter, type Filter } from '../filter/filter.js';
import { sqlCondition, textLiteral } from '../filter/sql.js';
import { idConditions } from '../id-conditions.js';
import { measureRecall } from '../recall.js';
import { StoreWork } from '../store-work.js';
import type {
  Recall,
  RecallOptions,
  SearchHit,
  StoredItem,
  VectorItem,
  VectorSearchOptions,
  VectorStore,
  VectorStoreOptions,
} from '../vector-store.js';
import { fromBatch, shapeKey, tableSchema, toTable } from './lance-table.js';
import { type LancePackages, loadLance } from './packages.js';

export interface LanceStoreOptions extends Partial<VectorStoreOptions> {
  /**
   * Name of the table.
   * @default 'vectors'
   */
  table?: string;
  /** What LanceDB needs for storage elsewhere, e.g. `region`, `endpoint`, `aws_access_key_id` for `s3://`. */
  storageOptions?: Record<string, string>;
  /**
   * With an index: parts of it that a query looks at. More is slower, and finds more.
   * @default 20
   */
  probes?: number;
  /**
   * With an index: k times this many items are compared by their full vectors.
   * @default 4
   */
  refineFactor?: number;
}

/** A store in LanceDB. */
export interface LanceStore extends VectorStore {
  /**
   * Makes the approximate index (IVF and HNSW over vectors of 8 bits), or brings it up to date. Until then, and for items that were
   * added after, every query is compared with every item.
   *
   * @throws CrossmodalError when there are fewer than 256 items
   */
  buildIndex(): Promise<void>;
}

const where = 'openLanceStore';
const known: Record<keyof LanceStoreOptions, true> = {
  dimension: true,
  similarity: true,
  fields: true,
  table: true,
  storageOptions: true,
  probes: true,
  refineFactor: true,
};

const distances = { cosine: 'cosine', dot: 'dot', euclidean: 'l2' } as const;

/**
 * Opens a table of LanceDB as a store, or makes one, in a folder or on storage such as `s3://bucket/path`. Needs the packages
 * `@lancedb/lancedb` 0.31 and `apache-arrow` 18.1, which this package does not install.
 *
 * Found items are scored again in double precision; which are found is decided in float32, and with an index approximately.
 *
 * @param options without `dimension` the table must exist; what is given must agree with what it is
 * @throws CrossmodalError when a package is missing, the table does not exist or is not of this package, or differs from the options
 * @see https://docs.lancedb.com
 * @example
 * const store = await openLanceStore('vectors.lance', { dimension: 512, fields: { year: 'number' } });
 * await store.buildIndex();
 * const { recall } = await store.recall([new Float32Array(512).fill(1)], { k: 10 });
 */
export async function openLanceStore(uri: string, options: LanceStoreOptions = {}): Promise<LanceStore> {
  assertKnownOptions('openLanceStore', options, known);
  const {
    table: name = 'vectors',
    storageOptions,
    dimension,
    probes = 20, // LanceDB's own default
    refineFactor = 4, // the 8-bit index decides among 4k candidates, full vectors among k of these
  } = options;
  for (const [option, value] of Object.entries({ probes, refineFactor })) {
    requireInteger(`${where}: ${option}`, value);
  }
  const packages = loadLance(where);
  const connection = await packages.lance.connect(uri, { readConsistencyInterval: 0, storageOptions });
  try {
    const names = await allNames(connection);
    if (!names.includes(name)) {
      if (dimension === undefined) {
        throw new CrossmodalError(`${where}: there is no table '${name}' in ${uri}`, {
          remedy: 'pass dimension to make one',
        });
      }
      const shape = checkShape(where, options as VectorStoreOptions);
      await connection.createEmptyTable(name, tableSchema(packages.arrow, shape), { existOk: true });
    }
    const table = await connection.openTable(name);
    const schema = await table.schema();
    const text = schema.metadata.get(shapeKey);
    if (!text) throw new CrossmodalError(`${where}: table '${name}' in ${uri} was not made by this package`);
    const shape = checkShape(where, JSON.parse(text) as VectorStoreOptions);
    checkSameShape(`${where}: ${uri}`, shape, options);
    return new LanceTableStore(packages, connection, table, schema, shape, { probes, refineFactor });
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function allNames(connection: Connection): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = await connection.tableNames({ startAfter: names.at(-1), limit: 1000 });
    names.push(...page);
    if (page.length < 1000) return names;
  }
}

class LanceTableStore implements LanceStore {
  readonly dimension: number;
  readonly similarity: StoreShape['similarity'];
  readonly fields: StoreShape['fields'];
  readonly #work = new StoreWork(where);

  constructor(
    private readonly packages: LancePackages,
    private readonly connection: Connection,
    private readonly table: Table,
    private readonly schema: Schema,
    shape: StoreShape,
    private readonly effort: { probes: number; refineFactor: number },
  ) {
    this.dimension = shape.dimension;
    this.similarity = shape.similarity;
    this.fields = shape.fields;
  }

  async upsert(items: Iterable<VectorItem>): Promise<void> {
    const batch = checkItems(this.#work.name('upsert'), items, this);
    if (batch.ids.length === 0) return;
    const rows = toTable(this.packages.arrow, this.schema, this, batch);
    await this.#work.write(() =>
      this.table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows),
    );
  }

  async delete(ids: Iterable<string>): Promise<number> {
    this.#work.name('delete');
    return this.#work.write(async () => {
      let removed = 0;
      for (const condition of conditionsOf(new Set(ids))) {
        const { numDeletedRows } = await this.table.delete(condition);
        removed += numDeletedRows;
      }
      return removed;
    });
  }

  async get(ids: Iterable<string>): Promise<(StoredItem | undefined)[]> {
    this.#work.name('get');
    const wanted = [...ids];
    const read = async () => {
      const present = new Map<string, StoredItem>();
      for (const condition of conditionsOf(new Set(wanted))) {
        const rows = await this.table.query().where(condition).select(['id', 'vector', 'metadata']).toArrow();
        for (const item of fromBatch(rows)) present.set(item.id, item);
      }
      return wanted.map((id) => {
        const item = present.get(id);
        return item && { ...item, vector: item.vector.slice() };
      });
    };
    return this.#work.track(read());
  }

  async count(filter?: Filter): Promise<number> {
    return this.#work.track(this.table.countRows(this.#condition(this.#work.name('count'), filter)));
  }

  #condition(method: string, filter: Filter | undefined): string | undefined {
    return filter === undefined ? undefined : sqlCondition(checkFilter(method, filter, this.fields));
  }

  async search(queries: readonly ArrayLike<number>[], options: VectorSearchOptions = {}): Promise<SearchHit[][]> {
    const method = this.#work.name('search');
    const { k } = checkSearchOptions(method, options);
    const values = checkQueries(method, queries, this.dimension);
    const condition = this.#condition(method, options.filter);
    const searches = queries.map((_, i) => {
      return this.#searchOne(values.subarray(i * this.dimension, (i + 1) * this.dimension), k, condition);
    });
    return this.#work.track(Promise.all(searches));
  }

  async #searchOne(query: Float32Array, k: number, condition: string | undefined): Promise<SearchHit[]> {
    const { similarity, dimension } = this;
    const squared = squaredLength(query, 0, dimension);
    const items = new Map<string, StoredItem>();
    if (similarity !== 'cosine' || squared > 0) {
      for (const item of await this.#nearest(query, k, condition)) items.set(item.id, item);
    }
    const score = (item: StoredItem) => exactScore(similarity, query, 0, squared, item.vector, 0, dimension);
    if (similarity === 'cosine') {
      // A cosine with zero is 0 by definition; LanceDB leaves such items out.
      const better = [...items.values()].filter((item) => score(item) > 0).length;
      if (better < k) for (const item of await this.#zeros(k, squared === 0, condition)) items.set(item.id, item);
    }
    return [...items.values()]
      .map((item) => ({ id: item.id, score: score(item), metadata: item.metadata }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
      .slice(0, k);
  }

  async #nearest(query: Float32Array, k: number, condition: string | undefined): Promise<Iterable<StoredItem>> {
    const search = (this.table.vectorSearch(query) as VectorQuery)
      .distanceType(distances[this.similarity])
      .nprobes(this.effort.probes)
      .refineFactor(this.effort.refineFactor)
      .select(['id', 'vector', 'metadata', '_distance'])
      .limit(k);
    return fromBatch(await (condition === undefined ? search : search.where(condition)).toArrow());
  }

  /** Items of which each has the cosine 0 with the query: zero vectors, or, of a zero query, all. */
  async #zeros(k: number, all: boolean, condition: string | undefined): Promise<Iterable<StoredItem>> {
    const conditions = [...(all ? [] : ['zero = TRUE']), ...(condition === undefined ? [] : [condition])];
    const query = this.table.query().select(['id', 'vector', 'metadata']).limit(k);
    return fromBatch(await (conditions.length > 0 ? query.where(conditions.join(' AND ')) : query).toArrow());
  }

  async *items(): AsyncGenerator<StoredItem> {
    this.#work.name('items');
    for await (const batch of this.table.query().select(['id', 'vector', 'metadata'])) yield* fromBatch(batch);
  }

  async recall(queries: readonly ArrayLike<number>[], options: RecallOptions = {}): Promise<Recall> {
    return this.#work.track(measureRecall(this.#work.name('recall'), this, queries, options));
  }

  async buildIndex(): Promise<void> {
    const method = this.#work.name('buildIndex');
    const count = await this.count();
    if (count < 256) {
      throw new CrossmodalError(`${method}: the store must have at least 256 items, it has ${count}`, {
        remedy: 'search it without an index, which is exact',
      });
    }
    const { Index } = this.packages.lance;
    await this.#work.write(async () => {
      const present = await this.table.listIndices();
      if (present.some(({ columns }) => columns.includes('vector'))) {
        await this.table.optimize();
        return;
      }
      await this.table.createIndex('id', { config: Index.btree() });
      await this.table.createIndex('vector', {
        config: Index.hnswSq({
          distanceType: distances[this.similarity],
          numPartitions: Math.max(1, Math.round(count / 2 ** 20)), // LanceDB: one per million rows for HNSW
        }),
      });
    });
  }

  close(): Promise<void> {
    return this.#work.close(() => {
      this.table.close();
      this.connection.close();
    });
  }
}

const conditionsOf = (ids: ReadonlySet<string>) =>
  idConditions(where, ids, { literal: textLiteral, condition: (list) => `id IN (${list})` });
