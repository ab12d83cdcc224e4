import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import {
  checkItems,
  checkQueries,
  checkSameShape,
  checkSearchOptions,
  checkShape,
  type ItemBatch,
  type StoreShape,
} from '../check.js';
import { exactScore, squaredLength } from '../exact/score.js';
import { checkFilter, type Filter } from '../filter/filter.js';
import { fieldColumn } from '../filter/sql.js';
import { idConditions } from '../id-conditions.js';
import { measureRecall } from '../recall.js';
import { StoreWork } from '../store-work.js';
import type {
  Metadata,
  Recall,
  RecallOptions,
  SearchHit,
  StoredItem,
  VectorItem,
  VectorSearchOptions,
  VectorStore,
  VectorStoreOptions,
} from '../vector-store.js';
import { idBytes, makeCollection, readShape, succeeded } from './collection.js';
import { milvusExpression, textLiteral } from './expression.js';
import { loadMilvus } from './milvus-package.js';

export interface MilvusStoreOptions extends Partial<VectorStoreOptions> {
  /**
   * Name of the collection: letters, digits and underscores.
   * @default 'vectors'
   */
  collection?: string;
  /**
   * Kind of index of a collection that is made: `FLAT` compares with every item, `HNSW` with few.
   * @default 'HNSW'
   */
  index?: 'FLAT' | 'HNSW' | 'IVF_FLAT' | 'AUTOINDEX';
  /** `user:password`, or a key of Zilliz Cloud. */
  token?: string;
  /**
   * Milliseconds that an answer may take.
   * @default 60_000
   */
  timeout?: number;
}

const where = 'openMilvusStore';
const known: Record<keyof MilvusStoreOptions, true> = {
  dimension: true,
  similarity: true,
  fields: true,
  collection: true,
  index: true,
  token: true,
  timeout: true,
};

/** Answers that Milvus gives at most. */
const mostAnswers = 16_384;
/** Bytes of one message; a server takes 64 MB. */
const messageBytes = 2 ** 23;

/**
 * Opens a collection of a Milvus server as a store, or makes one. Needs the package `@zilliz/milvus2-sdk-node`, which this package
 * does not install, and Milvus 2.5 or later (fields that may be missing).
 *
 * Found items are scored again in double precision. A call to `upsert` with more than 8 MB goes in several messages, each whole or
 * not at all.
 *
 * @param address host and port, e.g. `127.0.0.1:19530`; with `https://` before them the connection is encrypted
 * @param options without `dimension` the collection must exist; what is given must agree with what it is
 * @throws CrossmodalError when the package is missing, the server does not answer, or the collection differs from the options
 * @see https://milvus.io/docs
 * @example
 * const store = await openMilvusStore('127.0.0.1:19530', { collection: 'photos', dimension: 512 });
 * const [hits] = await store.search([new Float32Array(512).fill(1)], { k: 5 });
 */
export async function openMilvusStore(address: string, options: MilvusStoreOptions = {}): Promise<VectorStore> {
  assertKnownOptions('openMilvusStore', options, known);
  const { collection = 'vectors', index = 'HNSW', token, timeout = 60_000, dimension } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(collection)) {
    throw new CrossmodalError(`${where}: collection must be letters, digits and underscores, got '${collection}'`);
  }
  const milvus = loadMilvus(where);
  const client = new milvus.MilvusClient({ address, token, timeout, logLevel: 'error', maxRetries: 1 });
  try {
    await reach(client, address, Math.min(timeout, 10_000));
    const { value } = succeeded(where, await client.hasCollection({ collection_name: collection }));
    if (!value) {
      if (dimension === undefined) {
        throw new CrossmodalError(`${where}: there is no collection '${collection}' at ${address}`, {
          remedy: 'pass dimension to make one',
        });
      }
      const shape = checkShape(where, options as VectorStoreOptions);
      await makeCollection(where, { client, package: milvus }, collection, shape, index);
    }
    const shape = await readShape(where, client, collection);
    checkSameShape(`${where}: ${collection} at ${address}`, shape, options);
    succeeded(where, await client.loadCollection({ collection_name: collection }));
    return new MilvusStore(client, collection, shape);
  } catch (error) {
    await client.closeConnection();
    throw error;
  }
}

async function reach(client: MilvusClient, address: string, patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const silence = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patience / 1000} s`)), patience);
    });
    await Promise.race([client.connectPromise, silence]);
  } catch (cause) {
    const message = (cause as Error).message;
    throw new CrossmodalError(`${where}: no Milvus server answers at ${address}: ${message}`, {
      remedy: 'start one, e.g. `milvus-lite server --data-dir milvus --host 127.0.0.1` of PyPI milvus-lite',
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

interface Row {
  id: string;
  vector: number[];
  metadata: string;
}

const itemOf = ({ id, vector, metadata }: Row): StoredItem => ({
  id,
  vector: Float32Array.from(vector),
  metadata: JSON.parse(metadata) as Metadata,
});

class MilvusStore implements VectorStore {
  readonly dimension: number;
  readonly similarity: StoreShape['similarity'];
  readonly fields: StoreShape['fields'];
  readonly #work = new StoreWork(where);

  constructor(
    private readonly client: MilvusClient,
    private readonly collection: string,
    shape: StoreShape,
  ) {
    this.dimension = shape.dimension;
    this.similarity = shape.similarity;
    this.fields = shape.fields;
  }

  async upsert(items: Iterable<VectorItem>): Promise<void> {
    const method = this.#work.name('upsert');
    const batch = checkItems(method, items, this);
    for (const id of batch.ids) {
      if (Buffer.byteLength(id) > idBytes) {
        throw new CrossmodalError(`${method}: an id must have at most ${idBytes} bytes, got ${Buffer.byteLength(id)}`);
      }
    }
    await this.#work.write(async () => {
      for (const data of this.#messages(batch)) {
        succeeded(method, await this.client.upsert({ collection_name: this.collection, data }));
      }
    });
  }

  *#messages({
    ids,
    vectors,
    metadata,
  }: ItemBatch): Generator<Record<string, string | number | boolean | number[] | null>[]> {
    let rows: Record<string, string | number | boolean | number[] | null>[] = [];
    let bytes = 0;
    for (const [i, id] of ids.entries()) {
      const data = metadata[i]!;
      const text = JSON.stringify(data);
      const vector = Array.from(vectors.subarray(i * this.dimension, (i + 1) * this.dimension));
      const columns = Object.keys(this.fields).map((name) => [
        fieldColumn(name),
        Object.hasOwn(data, name) ? data[name] : null,
      ]);
      rows.push({ id, vector, metadata: text, ...Object.fromEntries(columns) });
      bytes += 4 * this.dimension + 2 * text.length + 100;
      if (bytes < messageBytes) continue;
      yield rows;
      rows = [];
      bytes = 0;
    }
    if (rows.length > 0) yield rows;
  }

  async #query(
    method: string,
    expression: string,
    fields: string[],
    limit?: number,
  ): Promise<Record<string, unknown>[]> {
    const { data } = succeeded(
      method,
      await this.client.query({
        collection_name: this.collection,
        filter: expression,
        output_fields: fields,
        ...(limit === undefined ? {} : { limit }),
      }),
    );
    return data;
  }

  async delete(ids: Iterable<string>): Promise<number> {
    const method = this.#work.name('delete');
    const wanted = new Set(ids);
    return this.#work.write(async () => {
      let removed = 0;
      for (const condition of conditionsOf(wanted)) {
        // Milvus counts the ids that it was given.
        removed += (await this.#query(method, condition, ['id'])).length;
        succeeded(method, await this.client.delete({ collection_name: this.collection, filter: condition }));
      }
      return removed;
    });
  }

  async get(ids: Iterable<string>): Promise<(StoredItem | undefined)[]> {
    const method = this.#work.name('get');
    const wanted = [...ids];
    const read = async () => {
      const present = new Map<string, Row>();
      for (const condition of conditionsOf(new Set(wanted))) {
        const rows = await this.#query(method, condition, ['id', 'vector', 'metadata']);
        for (const row of rows as unknown as Row[]) present.set(row.id, row);
      }
      return wanted.map((id) => present.get(id) && itemOf(present.get(id)!));
    };
    return this.#work.track(read());
  }

  #expression(method: string, filter: Filter | undefined): string {
    return filter === undefined ? '' : milvusExpression(checkFilter(method, filter, this.fields));
  }

  async count(filter?: Filter): Promise<number> {
    const method = this.#work.name('count');
    const query = this.#query(method, this.#expression(method, filter), ['count(*)']);
    const [row] = await this.#work.track(query);
    return Number(row?.['count(*)'] ?? 0);
  }

  async search(queries: readonly ArrayLike<number>[], options: VectorSearchOptions = {}): Promise<SearchHit[][]> {
    const method = this.#work.name('search');
    const { k } = checkSearchOptions(method, options);
    if (k > mostAnswers) throw new CrossmodalError(`${method}: k must be at most ${mostAnswers} with Milvus, got ${k}`);
    const values = checkQueries(method, queries, this.dimension);
    const expression = this.#expression(method, options.filter);
    const searches = queries.map((_, i) => {
      const query = values.subarray(i * this.dimension, (i + 1) * this.dimension);
      return this.#searchOne(method, query, k, expression);
    });
    return this.#work.track(Promise.all(searches));
  }

  async #searchOne(method: string, query: Float32Array, k: number, expression: string): Promise<SearchHit[]> {
    const { similarity, dimension } = this;
    const { results } = succeeded(
      method,
      await this.client.search({
        collection_name: this.collection,
        data: Array.from(query),
        limit: k,
        filter: expression,
        output_fields: ['id', 'vector', 'metadata'],
        params: { ef: Math.max(64, 2 * k) }, // for HNSW; must be at least k
      }),
    );
    const squared = squaredLength(query, 0, dimension);
    return (results as unknown as Row[])
      .map(itemOf)
      .map(({ id, vector, metadata }) => ({
        id,
        score: exactScore(similarity, query, 0, squared, vector, 0, dimension),
        metadata,
      }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  }

  async *items(): AsyncGenerator<StoredItem> {
    const method = this.#work.name('items');
    // In the order of ids, a page after the other: what comes after the last id of the page before.
    const batchSize = Math.max(1, Math.min(1000, Math.floor(messageBytes / (4 * this.dimension + 1000))));
    const pages = await this.client.queryIterator({
      collection_name: this.collection,
      batchSize,
      expr: 'id != ""',
      output_fields: ['id', 'vector', 'metadata'],
    });
    for await (const rows of pages as AsyncIterable<unknown>) {
      if (!Array.isArray(rows)) throw new CrossmodalError(`${method}: Milvus gave no rows`);
      for (const row of rows as Row[]) yield itemOf(row);
    }
  }

  async recall(queries: readonly ArrayLike<number>[], options: RecallOptions = {}): Promise<Recall> {
    return this.#work.track(measureRecall(this.#work.name('recall'), this, queries, options));
  }

  close(): Promise<void> {
    return this.#work.close(async () => {
      await this.client.closeConnection();
    });
  }
}

const conditionsOf = (ids: ReadonlySet<string>) =>
  idConditions(where, ids, { literal: textLiteral, condition: (list) => `id in [${list}]` });
