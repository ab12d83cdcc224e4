import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { notWritten } from '@crossmodal/core/safetensors/files';
import { checkItems, checkSameShape, checkShape, type ItemBatch, type StoreShape } from '../check.js';
import { type Change, ExactStore } from '../exact/exact-store.js';
import { type ExactStoreOptions, exactOptionNames, makeScanner } from '../exact/memory-store.js';
import type { StoredItem, VectorStore, VectorStoreOptions } from '../vector-store.js';
import { fileJournal, fileName, formatVersion, newestFile, writeFileOf } from './file-journal.js';
import { lockFolder } from './folder-lock.js';
import { decodeChange } from './record.js';
import { readRecords } from './record-file.js';

export interface FileStoreOptions extends Partial<ExactStoreOptions> {
  /**
   * Sees what is there now, beside a process that writes, and refuses changes.
   * @default false
   */
  readOnly?: boolean;
}

const where = 'openFileStore';
const known: Record<keyof FileStoreOptions, true> = { ...exactOptionNames, readOnly: true };

/**
 * Opens the store of a folder, or makes one: held in memory like `memoryStore`, and every change appended to a file and flushed
 * before its promise is resolved. A process that is killed in the middle of a write loses nothing that was committed, and leaves
 * nothing half done. One process writes; any number may read (`readOnly`).
 *
 * @param options without `dimension` the store must exist; what is given must agree with what it is
 * @throws CrossmodalError when the store does not exist, differs from the options, is damaged, or is written to by another process
 * @example
 * const store = await openFileStore('vectors', { dimension: 512 });
 * await store.upsert([{ id: 'cat.jpg', vector: new Float32Array(512).fill(1) }]);
 * await store.close();
 */
export async function openFileStore(folder: string, options: FileStoreOptions = {}): Promise<VectorStore> {
  assertKnownOptions('openFileStore', options, known);
  const { readOnly = false, threads, dimension } = options;
  const scanner = makeScanner(where, threads);
  if (readOnly) return openForReading(folder, options);
  const { newest } = await newestFile(folder);
  if (newest === undefined) {
    if (dimension === undefined) throw missing(folder);
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw notWritten(`${where}: ${folder}`, error);
    });
  }
  const unlock = await lockFolder(where, folder);
  try {
    const number = await firstFile(folder, options);
    const { store, size, shape } = await load(folder, number, (shape) => new ExactStore(where, shape, scanner));
    checkSameShape(`${where}: ${folder}`, shape, options);
    store.keepIn(await fileJournal({ folder, shape, number, size, unlock }));
    return store;
  } catch (error) {
    await scanner.close();
    await unlock();
    throw error;
  }
}

function missing(folder: string): CrossmodalError {
  return new CrossmodalError(`${where}: there is no store in ${folder}`, { remedy: 'pass dimension to make one' });
}

/** The number of the newest file, which is made if there is none; what was left by a process that was killed goes. */
async function firstFile(folder: string, options: FileStoreOptions): Promise<number> {
  const { newest, older } = await newestFile(folder);
  await Promise.all(older.map((name) => rm(join(folder, name), { force: true })));
  if (newest !== undefined) return newest;
  await writeFileOf(folder, 1, checkShape(where, options as VectorStoreOptions), { where, batches: [] });
  return 1;
}

interface Loaded {
  store: ExactStore;
  shape: StoreShape;
  /** Bytes that are whole records of whole changes. */
  size: number;
}

async function load(folder: string, number: number, make: (shape: StoreShape) => ExactStore): Promise<Loaded> {
  const path = join(folder, fileName(number));
  const file = await open(path, 'r');
  try {
    let loaded: Loaded | undefined;
    let unfinished: Change[] = [];
    for await (const { head, body, end } of readRecords(file, path, 0)) {
      if (!loaded) {
        const shape = readShape(path, head.kind, body.subarray(0, head.jsonBytes));
        loaded = { store: make(shape), shape, size: end };
        continue;
      }
      unfinished.push(decodeChange(`${where}: ${path}`, head, body, loaded.shape.dimension));
      if (head.goesOn) continue;
      for (const change of unfinished) loaded.store.apply(change);
      unfinished = [];
      loaded.size = end;
    }
    if (!loaded) throw new CrossmodalError(`${where}: ${path} is no file of vectors, or is damaged at its beginning`);
    return loaded;
  } finally {
    await file.close();
  }
}

function readShape(path: string, kind: string, json: Uint8Array): StoreShape {
  const first = kind === 'shape' ? JSON.parse(Buffer.from(json).toString()) : {};
  if (first.format !== 'crossmodal vectors') throw new CrossmodalError(`${where}: ${path} is no file of vectors`);
  if (first.version !== formatVersion) {
    throw new CrossmodalError(
      `${where}: ${path} has format version ${first.version}, this package reads ${formatVersion}`,
      {
        remedy: 'update @crossmodal/search',
      },
    );
  }
  return checkShape(`${where}: ${path}`, first as VectorStoreOptions);
}

async function openForReading(folder: string, options: FileStoreOptions): Promise<VectorStore> {
  for (let attempt = 0; ; attempt++) {
    const { newest } = await newestFile(folder);
    if (newest === undefined) throw missing(folder);
    const scanner = makeScanner(where, options.threads);
    try {
      const { store, shape } = await load(folder, newest, (shape) => new ExactStore(where, shape, scanner));
      checkSameShape(`${where}: ${folder}`, shape, options);
      store.keepIn({
        append: async () => {
          throw new CrossmodalError(`${where}: ${folder} was opened with readOnly, and cannot be changed`);
        },
        settle: async () => {},
        close: async () => {},
      });
      return store;
    } catch (error) {
      await scanner.close();
      // The writer has gone over to another file meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && attempt < 10) continue;
      throw error;
    }
  }
}

/**
 * Writes all items of any store into a new folder, from which `openFileStore` opens them.
 *
 * @throws CrossmodalError when there is a store in the folder, or the disk is full or may not be written
 * @example
 * const store = memoryStore({ dimension: 2 });
 * await saveStore(store, 'saved');
 */
export async function saveStore(store: VectorStore, folder: string): Promise<void> {
  const { newest } = await newestFile(folder);
  if (newest !== undefined) {
    throw new CrossmodalError(`saveStore: there is a store in ${folder}`, {
      remedy: 'name another folder, or remove it',
    });
  }
  const { dimension, similarity, fields } = store;
  await writeFileOf(folder, 1, { dimension, similarity, fields }, { where: 'saveStore', batches: batchesOf(store) });
}

async function* batchesOf(store: VectorStore, size = 4096): AsyncGenerator<ItemBatch> {
  let items: StoredItem[] = [];
  for await (const item of store.items()) {
    if (items.push(item) < size) continue;
    yield checkItems('saveStore', items, store);
    items = [];
  }
  if (items.length > 0) yield checkItems('saveStore', items, store);
}
