import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { openFileStore, openLanceStore, openMilvusStore, type VectorStore } from '@crossmodal/search';

/** Fields that filters may ask for. */
export const fields = { kind: 'string', label: 'string', split: 'string' } as const;

/**
 * Opens the store of an index: files in its folder, `lancedb:DIR` or `milvus:URL`.
 *
 * @param dimension of the vectors, to make a new store; without it the store must exist
 * @throws CrossmodalError when the specification is of no known kind, and what the store throws
 */
export async function openStore(
  spec: string | undefined,
  { folder, dimension, readOnly = false }: { folder: string; dimension?: number; readOnly?: boolean },
): Promise<VectorStore> {
  const shape = dimension === undefined ? {} : { dimension, fields };
  if (spec === undefined) return openFileStore(join(folder, 'vectors'), { ...shape, readOnly });
  const [kind, place] = [spec.slice(0, spec.indexOf(':')), spec.slice(spec.indexOf(':') + 1)];
  if (kind === 'lancedb' && place !== '') return openLanceStore(place, shape);
  if (kind === 'milvus' && place !== '') return openMilvusStore(place.replace(/^https?:\/\//, ''), shape);
  throw new CrossmodalError(`--store must be lancedb:DIR or milvus:URL, got ${JSON.stringify(spec)}`, {
    remedy: 'leave it out to keep the vectors in files',
  });
}
