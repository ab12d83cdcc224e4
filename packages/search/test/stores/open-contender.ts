import { join } from 'node:path';
import {
  memoryStore,
  openFileStore,
  openLanceStore,
  openMilvusStore,
  type VectorStore,
  type VectorStoreOptions,
} from '../../src/index.js';

/** Opens the store that a test names, in a folder or at an address. */
export function openContender(
  kind: string,
  place: string,
  name: string,
  options: VectorStoreOptions,
): Promise<VectorStore> {
  switch (kind) {
    case 'memory':
      return Promise.resolve(memoryStore(options));
    case 'file':
      return openFileStore(join(place, name), options);
    case 'lancedb':
      return openLanceStore(join(place, name), options);
    case 'milvus':
      return openMilvusStore(place, { collection: name, index: 'FLAT', ...options });
    default:
      throw new Error(`there is no store of kind ${kind}`);
  }
}
