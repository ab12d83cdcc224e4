import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { VectorItem } from '../vector-store.js';
import type { BlobFolder } from './blob-folder.js';
import { extension, shardBytes } from './shard-sink.js';
import type { BulkSink } from './sink.js';

/**
 * The shard of one job of a queue: `JOB.safetensors`, written once all of the job is embedded. Whoever does the job again finds it there.
 * A job that is ended before all of it is embedded leaves no shard.
 *
 * @throws CrossmodalError from `bulkEmbed`, when its signal ends it inside the job: the queue then gives the job again
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
  const ids = new Set<string>();
  let there: Promise<boolean> | undefined;
  return {
    async has(wanted) {
      there ??= folder.has(name);
      const done = await there;
      return wanted.map((id) => done || ids.has(id));
    },
    async write(batch) {
      items.push(...batch);
      for (const { id } of batch) ids.add(id);
    },
    async flush({ complete }) {
      if (await there) return;
      if (!complete) {
        throw new CrossmodalError(`jobShard: the job ${job} was ended before all of it was embedded`, {
          remedy: 'do the job again: nothing of it was written',
        });
      }
      await folder.write(name, shardBytes(items, dimension));
    },
  };
}
