import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import type { Modality } from '../model/load-model.js';

/** What an index is: of which model, over which folders, and where its vectors are. */
export interface Collection {
  format: 'crossmodal index';
  version: 1;
  /** Folder of the model, absolute. */
  model: string;
  modalities: readonly Modality[];
  dimension: number;
  /** Folders that the files of items lie in, absolute; an item names its by number. */
  roots: readonly string[];
  /** `lancedb:DIR` or `milvus:URL`; files in the folder of the index without it. */
  store?: string;
}

const name = 'index.json';

/** @throws CrossmodalError when the folder holds no index, or one of another version */
export async function readCollection(folder: string): Promise<Collection> {
  const found = await findCollection(folder);
  if (found) return found;
  throw new CrossmodalError(`there is no index in ${folder}`, {
    remedy: 'make one with crossmodal index --model DIR --data PATH, or name its folder with --index',
  });
}

/** The index of a folder, or undefined. */
export async function findCollection(folder: string): Promise<Collection | undefined> {
  const path = join(folder, name);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let value: Partial<Collection>;
  try {
    value = JSON.parse(text) as Partial<Collection>;
  } catch (cause) {
    throw new CrossmodalError(`${path}: is not JSON`, { cause });
  }
  if (
    value.format !== 'crossmodal index' ||
    value.version !== 1 ||
    typeof value.model !== 'string' ||
    !Array.isArray(value.roots)
  ) {
    throw new CrossmodalError(`${path}: is no index that this version reads`);
  }
  return value as Collection;
}

export async function writeCollection(folder: string, collection: Collection): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(`${path}.part`, `${JSON.stringify(collection, undefined, 2)}\n`);
  await rename(`${path}.part`, path);
}
