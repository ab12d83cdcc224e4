import { assertKnownOptions } from '@crossmodal/core';
import { type FailedJob, mostTries, type QueuedJob, refuseFailed, type WorkQueue } from './work-queue.js';

/**
 * A queue in this process: no server is needed, and nothing stays.
 *
 * @example
 * const queue = memoryQueue<string[]>();
 * await queue.add([{ id: 'first', job: ['a.jpg', 'b.jpg'] }]);
 * await queue.work(async ({ job }) => console.log(job));
 */
export function memoryQueue<Job>(): WorkQueue<Job> {
  const seen = new Set<string>();
  const waiting: (QueuedJob<Job> & { tries: number })[] = [];
  let active = 0;
  return {
    async add(jobs) {
      let count = 0;
      for await (const { id, job } of jobs) {
        count++;
        if (seen.has(id)) continue;
        seen.add(id);
        waiting.push({ id, job, tries: 0 });
      }
      return count;
    },
    async work(handle, { signal, ...others } = {}) {
      assertKnownOptions('memoryQueue.work', others, ['signal']);
      const failed: FailedJob[] = [];
      let done = 0;
      for (let next = waiting.shift(); next && !signal?.aborted; next = waiting.shift()) {
        active++;
        try {
          await handle(next);
          done++;
        } catch (cause) {
          if (++next.tries < mostTries) waiting.push(next);
          else {
            seen.delete(next.id);
            failed.push({ id: next.id, reason: (cause as Error).message });
          }
        } finally {
          active--;
        }
      }
      refuseFailed('memoryQueue', failed);
      return done;
    },
    remaining: async () => waiting.length + active,
    close: async () => {},
  };
}
