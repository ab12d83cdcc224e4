import { createHash } from 'node:crypto';
import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import type { QueuedJob } from '../queue/work-queue.js';

/**
 * A stream of items cut into jobs for a queue, named by what is in them: the same items in the same order are the same jobs.
 *
 * @param options.size items of a job
 * @throws CrossmodalError when the size is not a whole number of at least 1
 * @example
 * await queue.add(bulkJobs(localFolder('photos').list(), { id: (name) => name }));
 */
export async function* bulkJobs<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  {
    id,
    size = 256,
    ...others
  }: {
    id: (item: Item) => string;
    /** @default 256 */
    size?: number;
  },
): AsyncGenerator<QueuedJob<Item[]>> {
  assertKnownOptions('bulkJobs', others, ['id', 'size']);
  requireInteger('bulkJobs: size', size);
  let job: Item[] = [];
  const named = (): QueuedJob<Item[]> => ({
    id: createHash('sha256')
      .update(JSON.stringify(job.map(id)))
      .digest('hex')
      .slice(0, 24),
    job,
  });
  for await (const item of items) {
    job.push(item);
    if (job.length < size) continue;
    yield named();
    job = [];
  }
  if (job.length > 0) yield named();
}
