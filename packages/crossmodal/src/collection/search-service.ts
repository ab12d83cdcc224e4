import type { DualEncoder } from '@crossmodal/alignment';
import { CrossmodalError } from '@crossmodal/core';
import type { Filter, SearchHit, VectorStore } from '@crossmodal/search';
import { soundPool } from '../data/sound-pool.js';
import { loadModel, type Modality } from '../model/load-model.js';
import { type Collection, checkModel, readCollection } from './collection.js';
import { fileInside } from './file-inside.js';
import { openStore } from './open-store.js';

/** What is looked for: words, the bytes of a picture or a recording, or an item of the index. */
export type Query = { words: string } | { image: Uint8Array } | { audio: Uint8Array } | { like: string };

export interface SearchRequest {
  k: number;
  kind?: Modality | undefined;
  label?: string | undefined;
  split?: string | undefined;
}

/** An answer, as the command and the page show it. */
export interface Answer {
  id: string;
  score: number;
  kind: Modality;
  text?: string;
  label?: string;
  split?: string;
  /** Path of the picture or recording, below the folder of the data. */
  file?: string;
}

/** Longest text of a query, in characters. */
export const longestWords = 1000;

/** An index that is open for searching. */
export class SearchService {
  readonly collection: Collection;
  readonly #model: DualEncoder<Modality>;
  readonly #store: VectorStore;
  readonly #sounds = soundPool();
  readonly #words = new Map<string, Float32Array>();
  #count: Promise<number> | undefined;

  private constructor(collection: Collection, model: DualEncoder<Modality>, store: VectorStore) {
    this.collection = collection;
    this.#model = model;
    this.#store = store;
  }

  /** @throws CrossmodalError when the folder holds no index, its model is another by now, or its model or store cannot be opened */
  static async open(folder: string): Promise<SearchService> {
    const collection = await readCollection(folder);
    await checkModel('search', collection);
    const model = await loadModel(collection.model);
    try {
      return new SearchService(collection, model, await openStore(collection, { folder, readOnly: true }));
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  get modalities(): readonly Modality[] {
    return this.#model.modalities;
  }

  get model(): DualEncoder<Modality> {
    return this.#model;
  }

  get store(): VectorStore {
    return this.#store;
  }

  count(): Promise<number> {
    this.#count ??= this.#store.count();
    return this.#count;
  }

  /** @throws CrossmodalError when the query is empty or cannot be read, or the model has no encoder for it */
  async search(query: Query, { k, kind, label, split }: SearchRequest): Promise<Answer[]> {
    const parts: Filter[] = Object.entries({ kind, label, split }).flatMap(([field, value]) =>
      value === undefined ? [] : [{ field, equals: value }],
    );
    // Words look for what they may describe; other captions are asked for by kind.
    if (kind === undefined && 'words' in query) parts.push({ not: { field: 'kind', equals: 'text' } });
    const own = 'like' in query ? query.like : undefined;
    const vector = await this.#vector(query);
    const [hits = []] = await this.#store.search([vector], {
      k: own === undefined ? k : k + 1,
      ...(parts.length > 0 ? { filter: { and: parts } } : {}),
    });
    return hits
      .filter(({ id }) => id !== own)
      .slice(0, k)
      .map(answerOf);
  }

  async #vector(query: Query): Promise<Float32Array> {
    if ('like' in query) {
      const [item] = await this.#store.get([query.like]);
      if (!item) throw new CrossmodalError(`search: there is no item ${JSON.stringify(query.like)}`);
      return item.vector;
    }
    if ('words' in query) {
      const words = query.words.trim();
      if (words === '') throw new CrossmodalError('search: there are no words to look for');
      if (words.length > longestWords)
        throw new CrossmodalError(`search: words may have at most ${longestWords} characters, got ${words.length}`);
      const known = this.#words.get(words);
      if (known) return known;
      const vector = await this.#embed('text', words);
      if (this.#words.size >= 1000) this.#words.delete(this.#words.keys().next().value as string);
      this.#words.set(words, vector);
      return vector;
    }
    if ('image' in query) return this.#embed('image', query.image);
    if (!this.modalities.includes('audio')) return this.#embed('audio', undefined); // says so
    return this.#embed('audio', await this.#sounds.run({ source: query.audio, label: 'the recording' }));
  }

  async #embed(modality: Modality, item: unknown): Promise<Float32Array> {
    const { modalities } = this;
    if (!modalities.includes(modality)) {
      throw new CrossmodalError(`search: the model knows ${modalities.join(' and ')}, not ${modality}`);
    }
    const rows = await this.#model.embedItems(modality, [item]);
    try {
      return (await rows.data()) as Float32Array;
    } finally {
      rows.dispose();
    }
  }

  /** The labels of the index, for the filter of the page; at most so many. */
  async labels(most = 200): Promise<string[]> {
    const labels = new Set<string>();
    for await (const { metadata } of this.#store.items()) {
      if (typeof metadata['label'] === 'string') labels.add(metadata['label']);
      if (labels.size > most) return [];
    }
    return [...labels].sort();
  }

  /** Path of the file of an item, or undefined when it has none that lies in the folders of the data. */
  async fileOf(id: string): Promise<string | undefined> {
    const [item] = await this.#store.get([id]);
    const { file, root } = item?.metadata ?? {};
    const home = typeof root === 'number' ? this.collection.roots[root] : undefined;
    return typeof file === 'string' && home !== undefined ? fileInside(home, file) : undefined;
  }

  async close(): Promise<void> {
    await this.#sounds.close();
    await this.#store.close();
    this.#model.dispose();
  }
}

function answerOf({ id, score, metadata }: SearchHit): Answer {
  const answer: Answer = { id, score, kind: metadata['kind'] as Modality };
  for (const name of ['text', 'label', 'split', 'file'] as const) {
    const value = metadata[name];
    if (typeof value === 'string') answer[name] = value;
  }
  return answer;
}
