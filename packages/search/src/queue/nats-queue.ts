import { createHash } from 'node:crypto';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type * as jetstreamModule from '@nats-io/jetstream';
import type * as transportModule from '@nats-io/transport-node';
import { loadPeer } from '../peers.js';
import { type FailedJob, mostTries, refuseFailed, type WorkQueue } from './work-queue.js';

export interface NatsQueueOptions {
  /** Name of the stream: letters, digits, `-` and `_`. */
  name: string;
  /**
   * Milliseconds after which a job of a worker that is silent is given to another.
   * @default 30_000
   */
  lease?: number;
}

const known: Record<keyof NatsQueueOptions, true> = { name: true, lease: true };
const install = 'npm install @nats-io/jetstream@3.3.1 @nats-io/transport-node@3.3.1';
const nanoseconds = 1e6; // in a millisecond
const deliveries = 100;
const subjectTaken = 10_077; // the server's code for 'maximum messages per subject exceeded'
const pause = 250; // milliseconds that a worker waits for a job before it looks whether any is left

/**
 * A queue in NATS JetStream: a stream with a subject per job, in which a message is accepted once. What was added stays in the stream, so
 * that it is known however long ago that was; remove the stream when its work is over.
 *
 * @param servers such as `127.0.0.1:4222`
 * @throws CrossmodalError when the packages are not installed, or the server does not answer or has no JetStream
 * @example
 * const queue = await natsQueue<string[]>('127.0.0.1:4222', { name: 'embed' });
 */
export async function natsQueue<Job>(servers: string | string[], options: NatsQueueOptions): Promise<WorkQueue<Job>> {
  assertKnownOptions('natsQueue', options, known);
  const { name, lease = 30_000 } = options;
  if (!/^[\w-]+$/.test(name))
    throw new CrossmodalError(`natsQueue: name must be letters, digits, - and _, got ${JSON.stringify(name)}`);
  const { jetstream, jetstreamManager, AckPolicy, DiscardPolicy, JetStreamApiError } = loadPeer<typeof jetstreamModule>(
    'natsQueue',
    '@nats-io/jetstream',
    install,
  );
  const { connect } = loadPeer<typeof transportModule>('natsQueue', '@nats-io/transport-node', install);
  const connection = await connect({ servers, maxReconnectAttempts: 10, timeout: 5000 }).catch((cause: Error) => {
    throw new CrossmodalError(`natsQueue: no NATS server answers at ${String(servers)} (${cause.message})`, { cause });
  });
  // The hash of an id has no characters that mean something in a subject.
  const place = (id: string) => createHash('sha256').update(id).digest('hex');
  const subjectOf = (kind: 'jobs' | 'failed', id: string) => `${name}.${kind}.${place(id)}`;
  try {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name,
      subjects: [`${name}.jobs.*`, `${name}.failed.*`],
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
    });
    await manager.consumers.add(name, {
      durable_name: 'workers',
      filter_subject: `${name}.jobs.*`,
      ack_policy: AckPolicy.Explicit,
      ack_wait: lease * nanoseconds,
      max_deliver: deliveries,
    });
    const stream = jetstream(connection);
    /** False when there is a message of that subject. */
    const publish = async (subject: string, value: unknown): Promise<boolean> => {
      try {
        await stream.publish(subject, JSON.stringify(value));
        return true;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === subjectTaken) return false;
        throw error;
      }
    };
    const failedSubjects = async (): Promise<string[]> => {
      const { state } = await manager.streams.info(name, { subjects_filter: `${name}.failed.*` });
      return Object.keys(state.subjects ?? {});
    };
    const failedJob = async (subject: string): Promise<FailedJob[]> => {
      const message = await manager.streams.getMessage(name, { last_by_subj: subject });
      return message ? [message.json<FailedJob>()] : [];
    };
    const remaining = async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(name, 'workers');
      return num_pending + num_ack_pending;
    };
    return {
      async add(jobs) {
        let count = 0;
        for await (const { id, job } of jobs) {
          count++;
          if (await publish(subjectOf('jobs', id), { id, job })) continue;
          const failed = subjectOf('failed', id);
          if ((await failedJob(failed)).length === 0) continue;
          for (const filter of [failed, subjectOf('jobs', id)]) await manager.streams.purge(name, { filter });
          await publish(subjectOf('jobs', id), { id, job });
        }
        return count;
      },
      async work(handle, { signal, ...others } = {}) {
        assertKnownOptions('natsQueue.work', others, ['signal']);
        const before = new Set(await failedSubjects());
        const consumer = await stream.consumers.get(name, 'workers');
        const failures = new Map<string, number>();
        let done = 0;
        while (!signal?.aborted) {
          const message = await consumer.next({ expires: 1000 });
          if (!message) {
            if ((await remaining()) === 0) break;
            await new Promise((resolve) => setTimeout(resolve, pause));
            continue;
          }
          const job = message.json<{ id: string; job: Job }>();
          const alive = setInterval(() => message.working(), Math.max(50, lease / 3));
          try {
            await handle(job);
            await message.ackAck();
            done++;
          } catch (cause) {
            const tries = (failures.get(job.id) ?? 0) + 1;
            failures.set(job.id, tries);
            if (tries < mostTries) message.nak();
            else {
              const { message: reason } = cause as Error;
              await publish(subjectOf('failed', job.id), { id: job.id, reason } satisfies FailedJob);
              message.term();
            }
          } finally {
            clearInterval(alive);
          }
        }
        const subjects = (await failedSubjects()).filter((subject) => !before.has(subject));
        refuseFailed('natsQueue', (await Promise.all(subjects.map(failedJob))).flat());
        return done;
      },
      remaining,
      close: () => connection.drain(),
    };
  } catch (cause) {
    await connection.close();
    if (CrossmodalError.isInstance(cause)) throw cause;
    throw new CrossmodalError(`natsQueue: ${String(servers)}: ${(cause as Error).message}`, {
      remedy: 'start nats-server with -js',
      cause,
    });
  }
}
