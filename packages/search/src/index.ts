export { type ExactStoreOptions, memoryStore } from './exact/memory-store.js';
export type { Fields, FieldType } from './fields.js';
export { type FileStoreOptions, openFileStore, saveStore } from './files/file-store.js';
export type { Filter, FilterValue, Range } from './filter/filter.js';
export { type LanceStore, type LanceStoreOptions, openLanceStore } from './lancedb/lance-store.js';
export { type MilvusStoreOptions, openMilvusStore } from './milvus/milvus-store.js';
export type {
  Metadata,
  Recall,
  RecallOptions,
  SearchHit,
  Similarity,
  StoredItem,
  VectorItem,
  VectorSearchOptions,
  VectorStore,
  VectorStoreOptions,
} from './vector-store.js';
