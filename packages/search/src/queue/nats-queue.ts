import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type * as jetstreamModule from '@nats-io/jetstream';
import type * as transportModule from '@nats-io/transport-node';
import { loadPeer } from '../peers.js';
import { mostTries, type WorkQueue } from './work-queue.js';

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
const pause = 250; // milliseconds that a worker waits for a job before it looks whether any is left

/**
 * A queue in NATS JetStream: a stream in which a message stays until it is acknowledged.
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
  const { jetstream, jetstreamManager, AckPolicy, RetentionPolicy } = loadPeer<typeof jetstreamModule>(
    'natsQueue',
    '@nats-io/jetstream',
    install,
  );
  const { connect } = loadPeer<typeof transportModule>('natsQueue', '@nats-io/transport-node', install);
  const connection = await connect({ servers, maxReconnectAttempts: 10, timeout: 5000 }).catch((cause: Error) => {
    throw new CrossmodalError(`natsQueue: no NATS server answers at ${String(servers)} (${cause.message})`, { cause });
  });
  const subject = `${name}.jobs`;
  try {
    const manager = await jetstreamManager(connection);
    // The window in which an id counts as known: a day.
    await manager.streams.add({
      name,
      subjects: [subject],
      retention: RetentionPolicy.Workqueue,
      duplicate_window: 24 * 3600 * 1000 * nanoseconds,
    });
    await manager.consumers.add(name, {
      durable_name: 'workers',
      ack_policy: AckPolicy.Explicit,
      ack_wait: lease * nanoseconds,
      max_deliver: deliveries,
    });
    const stream = jetstream(connection);
    const remaining = async () => (await manager.streams.info(name)).state.messages;
    return {
      async add(jobs) {
        let count = 0;
        for await (const { id, job } of jobs) {
          await stream.publish(subject, JSON.stringify({ id, job }), { msgID: id });
          count++;
        }
        return count;
      },
      async work(handle, { signal } = {}) {
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
            message.nak();
            if (tries >= mostTries) {
              throw new CrossmodalError(
                `natsQueue: job ${job.id} failed ${mostTries} times: ${(cause as Error).message}`,
                { cause },
              );
            }
          } finally {
            clearInterval(alive);
          }
        }
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
