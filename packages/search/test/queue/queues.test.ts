import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bulkJobs,
  bullQueue,
  localFolder,
  memoryQueue,
  natsQueue,
  readShards,
  type WorkQueue,
} from '@crossmodal/search';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort, program, startServer } from '../servers.js';
import { temporaryFolder } from '../temporary.js';
import { openQueue } from './worker.js';

const root = temporaryFolder();
const workerProgram = fileURLToPath(new URL('./worker.ts', import.meta.url));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const id = (i: number) => `item ${i}`;

interface Worker {
  /** Settles when it ended; gives the number of jobs that it finished. */
  ended: Promise<number>;
  kill(): void;
  /** Settles when it has finished so many jobs. */
  finished(jobs: number): Promise<void>;
}

function startWorker(kind: string, address: string, name: string, folder: string): Worker {
  const args = [
    '--conditions=@crossmodal/source',
    '--import',
    'tsx',
    workerProgram,
    'worker',
    kind,
    address,
    name,
    folder,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const jobs = () => output.split('\n').filter((line) => line.startsWith('job ')).length;
  child.stdout.on('data', (part: Buffer) => {
    output += part;
  });
  child.stderr.on('data', (part: Buffer) => {
    errors += part;
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('close', (code, signal) =>
      code === 0 || signal === 'SIGKILL' ? resolve(jobs()) : reject(new Error(errors)),
    );
  });
  return {
    ended,
    kill: () => void child.kill('SIGKILL'),
    async finished(count) {
      while (jobs() < count) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (child.exitCode !== null) throw new Error(errors);
      }
    },
  };
}

async function idsIn(folder: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const item of readShards(localFolder(folder))) ids.push(item.id);
  return ids;
}

describe('jobs', () => {
  it('are the same for the same items, and cover all of them', async () => {
    const cut = async () => {
      const jobs = [];
      for await (const job of bulkJobs(numbers(10), { id, size: 4 })) jobs.push(job);
      return jobs;
    };
    const jobs = await cut();
    expect(jobs.map(({ job }) => job)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(await cut()).toEqual(jobs);
    expect(new Set(jobs.map((job) => job.id)).size).toBe(3);
  });
});

describe('memoryQueue', () => {
  it('gives each job once, a failed one again, and says which failed for good', async () => {
    const queue = memoryQueue<number>();
    expect(
      await queue.add([
        { id: 'a', job: 1 },
        { id: 'b', job: 2 },
        { id: 'a', job: 3 },
      ]),
    ).toBe(3);
    const tried: number[] = [];
    const done = await queue.work(async ({ job }) => {
      tried.push(job);
      if (tried.length === 1) throw new Error('not now');
    });
    expect(done).toBe(2);
    expect(tried).toEqual([1, 2, 1]);
    await failsForGood(queue, 4);
  });
});

/** A job that always fails is left out, named once, spoils no later work, and is done when it is added again. */
async function failsForGood<Job>(queue: WorkQueue<Job>, job: Job): Promise<void> {
  await queue.add([
    { id: 'bad', job },
    { id: 'good', job },
  ]);
  const tried: string[] = [];
  const work = queue.work(async ({ id }) => {
    tried.push(id);
    if (id === 'bad') throw new Error('never');
  });
  await expect(work).rejects.toThrow('job bad failed 3 times: never; add them again');
  expect(tried.filter((id) => id === 'bad')).toHaveLength(3);
  expect(tried.filter((id) => id === 'good')).toHaveLength(1); // also when it comes behind the other
  expect(await queue.remaining()).toBe(0);
  expect(await queue.work(async () => {})).toBe(0); // it is told once

  await queue.add([{ id: 'another', job }]);
  expect(await queue.work(async () => {})).toBe(1);
  await queue.add([
    { id: 'bad', job },
    { id: 'good', job },
  ]);
  const again: string[] = [];
  expect(await queue.work(async ({ id }) => void again.push(id))).toBe(1);
  expect(again).toEqual(['bad']);
  await queue.add([{ id: 'bad', job }]); // done by now
  expect(await queue.remaining()).toBe(0);
}

const redis = program('REDIS_SERVER', 'redis-server');
const nats = program('NATS_SERVER', 'nats-server');

describe.each([
  ['bullmq', redis, 'redis-server (REDIS_SERVER)'],
  ['nats', nats, 'nats-server (NATS_SERVER)'],
])('%s', (kind, command, where) => {
  describe.skipIf(command === undefined)(`needs ${where}`, () => {
    let address = '';
    beforeAll(async () => {
      const port = await freePort();
      const args =
        kind === 'bullmq'
          ? ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', root]
          : ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(root, 'nats')];
      await startServer(command as string, args, port);
      address = kind === 'bullmq' ? `redis://127.0.0.1:${port}` : `127.0.0.1:${port}`;
    });

    it('is worked on by two processes, and survives the death of one', async () => {
      const folder = join(root, `out-${kind}`);
      const queue = await openQueue(kind, address, 'embed');
      await queue.add(bulkJobs(numbers(200), { id, size: 5 }));
      await queue.add(bulkJobs(numbers(200), { id, size: 5 })); // once more: known
      expect(await queue.remaining()).toBe(40);
      const [first, second] = [
        startWorker(kind, address, 'embed', folder),
        startWorker(kind, address, 'embed', folder),
      ];
      await Promise.all([first.finished(3), second.finished(3)]); // both have a share
      first.kill();
      const byFirst = await first.ended;
      const bySecond = await second.ended;
      expect(byFirst).toBeGreaterThanOrEqual(3);
      expect(byFirst + bySecond).toBeGreaterThanOrEqual(40); // one that was under way may be done, and not yet acknowledged
      const ids = await idsIn(folder);
      expect(ids.slice().sort()).toEqual(numbers(200).map(id).sort());
      expect(await queue.remaining()).toBe(0);
      await queue.close();
    });

    it('gives a job that failed again, and says which failed for good', async () => {
      const queue = await openQueue(kind, address, 'failing');
      await queue.add([
        { id: 'one', job: [1] },
        { id: 'two', job: [2] },
      ]);
      let tries = 0;
      const handle = async ({ job }: { job: number[] }) => {
        if (job[0] === 2 && ++tries < 3) throw new Error('not yet');
      };
      expect(await queue.work(handle)).toBe(2);
      expect(tries).toBe(3);
      await failsForGood(queue, [3]);
      await queue.close();
    });
  });
});

describe('without a server', () => {
  it('says that none answers', async () => {
    const port = await freePort();
    await expect(bullQueue(`redis://127.0.0.1:${port}`, { name: 'x' })).rejects.toThrow(
      `Redis does not answer at redis://127.0.0.1:${port}`,
    );
    await expect(natsQueue(`127.0.0.1:${port}`, { name: 'x' })).rejects.toThrow('no NATS server answers');
  });
});
