import { randomBytes } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { openFileStore, openLanceStore, openMilvusStore, type VectorStore } from '@crossmodal/search';

/** Fields that filters may ask for. */
export const fields = { kind: 'string', label: 'string', split: 'string' } as const;

/** Where the vectors of an index are. */
export interface StorePlace {
  /** `lancedb:DIR` or `milvus:URL`; files in the folder of the index without it. */
  store?: string | undefined;
  /** Name of the table or collection there. */
  table?: string | undefined;
}

function partsOf(store: string): { kind: 'lancedb' | 'milvus'; place: string } {
  const { kind, place = '' } = /^(?<kind>lancedb|milvus):(?<place>.+)$/.exec(store)?.groups ?? {};
  if (kind === 'lancedb' || kind === 'milvus') return { kind, place };
  throw new CrossmodalError(`--store must be lancedb:DIR or milvus:URL, got ${JSON.stringify(store)}`, {
    remedy: 'leave it out to keep the vectors in files',
  });
}

/**
 * A store as it was given on the command line, in the form that an index keeps: it means the same from any working directory.
 *
 * @throws CrossmodalError when it is of no kind that there is
 */
export function storeAddress(store: string): string {
  const { kind, place } = partsOf(store);
  const isFolder = kind === 'lancedb' && !/^[a-z][a-z0-9+]*:\/\//.test(place);
  return isFolder ? `lancedb:${resolve(place)}` : store;
}

/** A name for the table of a new index: of its folder, and of no other index. */
export function newTable(folder: string): string {
  const name = basename(resolve(folder))
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .slice(0, 40);
  return `crossmodal_${name}_${randomBytes(6).toString('hex')}`;
}

/**
 * Opens the store of an index.
 *
 * @param dimension of the vectors, to make a new store; without it the store must exist
 * @throws CrossmodalError when the store is of no kind that there is, and what the store throws
 */
export async function openStore(
  { store, table }: StorePlace,
  { folder, dimension, readOnly = false }: { folder: string; dimension?: number; readOnly?: boolean },
): Promise<VectorStore> {
  const shape = dimension === undefined ? {} : { dimension, fields };
  if (store === undefined) return openFileStore(join(folder, 'vectors'), { ...shape, readOnly });
  const { kind, place } = partsOf(store);
  if (table === undefined) throw new CrossmodalError(`${folder}: its index.json names no table for ${store}`);
  return kind === 'lancedb'
    ? openLanceStore(place, { ...shape, table })
    : openMilvusStore(place, { ...shape, collection: table, ...milvusToken() });
}

/** From the environment: a secret has no place on a command line or in index.json. */
function milvusToken(): { token?: string } {
  const { MILVUS_TOKEN: token } = process.env;
  return token ? { token } : {};
}
