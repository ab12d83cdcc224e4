import { assertKnownOptions } from '@crossmodal/core';
import type { VectorItem } from '../vector-store.js';
import type { BlobFolder } from './blob-folder.js';
import { extension, shardBytes } from './shard-sink.js';
import type { BulkSink } from './sink.js';

/**
 * The shard of one job of a queue: `JOB.safetensors`, written once all of the job is embedded. Whoever does the job again finds it there.
 *
 * @example
 * await queue.work(async ({ id, job }) => {
 *   await bulkEmbed(job, { ...options, sink: jobShard(folder, { job: id, dimension: 512 }) });
 * });
 */
export function jobShard(
  folder: BlobFolder,
  { job, dimension, ...others }: { job: string; dimension: number },
): BulkSink {
  assertKnownOptions('jobShard', others, ['job', 'dimension']);
  const name = `${job}${extension}`;
  const items: VectorItem[] = [];
  let there: Promise<boolean> | undefined;
  return {
    async has(ids) {
      there ??= folder.has(name);
      const done = await there;
      return ids.map(() => done);
    },
    async write(batch) {
      items.push(...batch);
    },
    async flush() {
      if (!(await there)) await folder.write(name, shardBytes(items, dimension));
    },
  };
}
