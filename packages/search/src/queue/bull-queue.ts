import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type * as bullmq from 'bullmq';
import type { Redis } from 'ioredis';
import { loadPeer } from '../peers.js';
import { type FailedJob, mostTries, refuseFailed, type WorkQueue } from './work-queue.js';

export interface BullQueueOptions {
  /** Name of the queue in Redis. */
  name: string;
  /**
   * Milliseconds after which a job of a worker that is silent is given to another.
   * @default 30_000
   */
  lease?: number;
}

const known: Record<keyof BullQueueOptions, true> = { name: true, lease: true };
const install = 'npm install bullmq@6 ioredis@5';
const pause = 50; // milliseconds between two looks at an empty queue

/**
 * A queue in Redis, by BullMQ.
 *
 * @param url `redis://host:port`
 * @throws CrossmodalError when bullmq or ioredis is not installed, or Redis does not answer
 * @example
 * const queue = await bullQueue<string[]>('redis://127.0.0.1:6379', { name: 'embed' });
 */
export async function bullQueue<Job>(url: string, options: BullQueueOptions): Promise<WorkQueue<Job>> {
  assertKnownOptions('bullQueue', options, known);
  const { name, lease = 30_000 } = options; // BullMQ's default
  const { Queue, Worker } = loadPeer<typeof bullmq>('bullQueue', 'bullmq', install);
  const { Redis: Client } = loadPeer<typeof import('ioredis')>('bullQueue', 'ioredis', install);
  const connections: Redis[] = [];
  const connect = () => {
    // BullMQ waits for Redis itself.
    const connection = new Client(url, { maxRetriesPerRequest: null, lazyConnect: true });
    connection.on('error', () => {}); // what fails is told by the call that fails
    connections.push(connection);
    return connection;
  };
  const probe = connect();
  try {
    await Promise.race([probe.connect(), new Promise((_, reject) => probe.once('error', reject))]);
  } catch (cause) {
    probe.disconnect();
    throw new CrossmodalError(`bullQueue: Redis does not answer at ${url} (${(cause as Error).message})`, { cause });
  }
  const queue = new Queue(name, { connection: probe as never });
  const remaining = async () => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  };
  const failedJobs = async (): Promise<FailedJob[]> =>
    (await queue.getFailed()).map(({ data, failedReason }) => ({
      id: (data as { id: string }).id,
      reason: failedReason ?? 'unknown',
    }));
  return {
    async add(jobs) {
      let count = 0;
      for await (const { id, job } of jobs) {
        // The id in hexadecimal: BullMQ refuses colons and plain numbers.
        const jobId = `job-${Buffer.from(id).toString('hex')}`;
        if ((await queue.getJobState(jobId)) === 'failed') await queue.remove(jobId);
        const settings = { jobId, attempts: mostTries, removeOnComplete: false, removeOnFail: false };
        await queue.add('job', { id, job }, settings);
        count++;
      }
      return count;
    },
    async work(handle, { signal, ...others } = {}) {
      assertKnownOptions('bullQueue.work', others, ['signal']);
      const before = new Set((await failedJobs()).map(({ id }) => id));
      let done = 0;
      const worker = new Worker(
        name,
        async ({ data }) => {
          await handle(data as { id: string; job: Job });
          done++;
        },
        {
          connection: connect() as never,
          lockDuration: lease,
          stalledInterval: Math.max(100, Math.floor(lease / 2)),
          maxStalledCount: 100, // a worker that dies is no fault of the job
          drainDelay: 1,
        },
      );
      worker.on('error', () => {});
      try {
        while (!signal?.aborted && (await remaining()) > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      } finally {
        await worker.close();
      }
      refuseFailed(
        'bullQueue',
        (await failedJobs()).filter(({ id }) => !before.has(id)),
      );
      return done;
    },
    remaining,
    async close() {
      await queue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}
