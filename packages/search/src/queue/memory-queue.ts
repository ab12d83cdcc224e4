import { CrossmodalError } from '@crossmodal/core';
import { mostTries, type QueuedJob, type WorkQueue } from './work-queue.js';

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
    async work(handle, { signal } = {}) {
      let done = 0;
      for (let next = waiting.shift(); next && !signal?.aborted; next = waiting.shift()) {
        active++;
        try {
          await handle(next);
          done++;
        } catch (cause) {
          if (++next.tries >= mostTries) {
            throw new CrossmodalError(
              `memoryQueue: job ${next.id} failed ${mostTries} times: ${(cause as Error).message}`,
              { cause },
            );
          }
          waiting.push(next);
        } finally {
          active--;
        }
      }
      return done;
    },
    remaining: async () => waiting.length + active,
    close: async () => {},
  };
}
