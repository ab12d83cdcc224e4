import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { localFolder } from '@crossmodal/search';
import type { Modality } from '../model/load-model.js';
import { modelDigest } from '../model/model-digest.js';

/** What an index is: of which model, over which folders, and where its vectors are. */
export interface Collection {
  format: 'crossmodal index';
  version: 1;
  /** Folder of the model, absolute. */
  model: string;
  /** What its files were when the index was made: vectors of another model mean something else. */
  modelSha256: string;
  modalities: readonly Modality[];
  dimension: number;
  /** Folders that the files of items lie in, absolute; an item names its by number. */
  roots: readonly string[];
  /** `lancedb:DIR` or `milvus:URL`; files in the folder of the index without it. */
  store?: string;
  /** With `store`: the name of the table or collection there, which is of this index alone. */
  table?: string;
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
    typeof value.modelSha256 !== 'string' ||
    !Array.isArray(value.roots)
  ) {
    throw new CrossmodalError(`${path}: is no index that this version reads`);
  }
  return value as Collection;
}

export async function writeCollection(folder: string, collection: Collection): Promise<void> {
  const text = `${JSON.stringify(collection, undefined, 2)}\n`;
  await localFolder(folder, { create: true }).write(name, new TextEncoder().encode(text));
}

/** @throws CrossmodalError when the model of an index is not the one that it was made with */
export async function checkModel(where: string, { model, modelSha256 }: Collection): Promise<void> {
  if ((await modelDigest(model)) === modelSha256) return;
  throw new CrossmodalError(`${where}: the model in ${model} is not the one that the index was made with`, {
    remedy: 'make a new index with crossmodal index and another --index, or put the former model back',
  });
}
