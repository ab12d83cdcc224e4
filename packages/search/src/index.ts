export type { BlobFolder } from './bulk/blob-folder.js';
export { type BulkOptions, type BulkProgress, bulkEmbed } from './bulk/bulk-embed.js';
export { bulkJobs } from './bulk/bulk-jobs.js';
export { jobShard } from './bulk/job-shard.js';
export { localFolder } from './bulk/local-folder.js';
export { type S3FolderOptions, s3Folder } from './bulk/s3-folder.js';
export { readShards, type ShardSinkOptions, shardSink } from './bulk/shard-sink.js';
export { type BulkSink, type QuarantinedItem, storeSink } from './bulk/sink.js';
export { type ExactStoreOptions, memoryStore } from './exact/memory-store.js';
export type { Fields, FieldType } from './fields.js';
export { type FileStoreOptions, openFileStore, saveStore } from './files/file-store.js';
export type { Filter, FilterValue, Range } from './filter/filter.js';
export { type LanceStore, type LanceStoreOptions, openLanceStore } from './lancedb/lance-store.js';
export { type MilvusStoreOptions, openMilvusStore } from './milvus/milvus-store.js';
export { type BullQueueOptions, bullQueue } from './queue/bull-queue.js';
export { memoryQueue } from './queue/memory-queue.js';
export { type NatsQueueOptions, natsQueue } from './queue/nats-queue.js';
export type { QueuedJob, WorkQueue } from './queue/work-queue.js';
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
