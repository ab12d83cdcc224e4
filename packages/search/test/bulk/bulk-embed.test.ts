import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Random } from '@crossmodal/core';
import {
  type BulkProgress,
  bulkEmbed,
  jobShard,
  localFolder,
  memoryQueue,
  memoryStore,
  openFileStore,
  readShards,
  saveStore,
  shardSink,
  storeSink,
} from '@crossmodal/search';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary.js';
import { workKilled } from './killing.js';

const root = temporaryFolder();
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const simple = {
  id: (i: number) => `item ${i}`,
  decode: (i: number) => i,
  embed: async (batch: readonly number[]) => batch.map((i) => [i, 1]),
};

describe('bulkEmbed', () => {
  it('embeds a stream in order, once, and tells how far it is', async () => {
    const store = memoryStore({ dimension: 2 });
    const seen: BulkProgress[] = [];
    async function* stream() {
      yield* numbers(100);
    }
    const options = {
      ...simple,
      sink: storeSink(store),
      batchSize: 16,
      total: 100,
      onProgress: (at: BulkProgress) => void seen.push(at),
    };
    expect(await bulkEmbed(stream(), options)).toMatchObject({ seen: 100, embedded: 100, skipped: 0, quarantined: 0 });
    expect(seen.map(({ seen }) => seen)).toEqual([16, 32, 48, 64, 80, 96, 100]);
    expect(seen[2]?.secondsLeft).toBeGreaterThan(0);
    expect(seen.at(-1)?.secondsLeft).toBe(0);
    expect(await bulkEmbed(stream(), options)).toMatchObject({ embedded: 0, skipped: 100 });
    expect(await store.count()).toBe(100);
    expect([...((await store.get(['item 42']))[0]?.vector ?? [])]).toEqual([42, 1]);
  });

  it('lists what cannot be decoded, with the reason, and does not try it again', async () => {
    const store = memoryStore({ dimension: 2 });
    const quarantine = join(root, 'lists/bad.jsonl');
    const tried: number[] = [];
    const decode = async (i: number) => {
      tried.push(i);
      if (i % 3 === 0) throw new Error(`${i} is a multiple of three`);
      return i;
    };
    const options = { ...simple, decode, sink: storeSink(store), batchSize: 4, quarantine };
    expect(await bulkEmbed(numbers(10), options)).toMatchObject({ embedded: 6, quarantined: 4 });
    const listed = readFileSync(quarantine, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed[1]).toEqual({ id: 'item 3', reason: '3 is a multiple of three' });
    appendFileSync(quarantine, '{"id":"item 1'); // cut by the end of a process
    tried.length = 0;
    expect(await bulkEmbed(numbers(13), options)).toMatchObject({ embedded: 2, skipped: 10, quarantined: 1 });
    expect(tried).toEqual([10, 11, 12]);
    expect(readFileSync(quarantine, 'utf8').split('\n').at(-2)).toContain('item 12');
  });

  it('holds a few batches and no more, however long the stream', async () => {
    let alive = 0;
    let most = 0;
    const options = {
      ...simple,
      decode: (i: number) => {
        most = Math.max(most, ++alive);
        return i;
      },
      embed: async (batch: readonly number[]) => {
        alive -= batch.length;
        return batch.map((i) => [i, 1]);
      },
      sink: {
        has: async (ids: readonly string[]) => ids.map(() => false),
        write: async () => {},
        flush: async () => {},
      },
      batchSize: 10,
      ahead: 2,
    };
    await bulkEmbed(numbers(5000), options);
    expect(most).toBeLessThanOrEqual(10 * 5);
  });

  it('ends after the batch that is under way when it is told to', async () => {
    const store = memoryStore({ dimension: 2 });
    const stop = new AbortController();
    const result = await bulkEmbed(numbers(100), {
      ...simple,
      sink: storeSink(store),
      batchSize: 10,
      signal: stop.signal,
      onProgress: ({ seen }) => seen === 30 && stop.abort(),
    });
    expect(result.embedded).toBe(30);
    expect(await store.count()).toBe(30);
  });

  it('throws what the model and the stream throw, and refuses ids that are none', async () => {
    const options = { ...simple, sink: storeSink(memoryStore({ dimension: 2 })) };
    await expect(
      bulkEmbed(numbers(3), {
        ...options,
        embed: async () => {
          throw new Error('no memory');
        },
      }),
    ).rejects.toThrow('no memory');
    await expect(bulkEmbed(numbers(3), { ...options, embed: async () => [] })).rejects.toThrow(
      'one vector per item, got 0 for 3',
    );
    await expect(bulkEmbed(numbers(3), { ...options, id: () => '' })).rejects.toThrow('an id must be a text');
    await expect(bulkEmbed(numbers(3), { ...options, batchSize: 0 })).rejects.toThrow(
      'batchSize must be an integer of at least 1',
    );
    await expect(bulkEmbed(numbers(3), { ...options, batchsize: 2 } as never)).rejects.toThrow(
      "did you mean 'batchSize'?",
    );
    async function* broken() {
      yield 1;
      throw new Error('the list ends here');
    }
    await expect(bulkEmbed(broken(), options)).rejects.toThrow('the list ends here');
  });
});

describe('shardSink', () => {
  it('writes shards of so many rows, which can be read', async () => {
    const folder = localFolder(join(root, 'shards'), { create: true });
    const metadata = (i: number) => ({ i, name: `Nr. ${i} \u{1f600}` });
    await bulkEmbed(numbers(10), { ...simple, metadata, sink: await shardSink(folder, { dimension: 2, rows: 4 }) });
    expect(readdirSync(join(root, 'shards'))).toEqual([
      'part-000000.safetensors',
      'part-000001.safetensors',
      'part-000002.safetensors',
    ]);
    const again = await bulkEmbed(numbers(12), {
      ...simple,
      metadata,
      sink: await shardSink(folder, { dimension: 2, rows: 4 }),
    });
    expect(again).toMatchObject({ embedded: 2, skipped: 10 });
    const items = [];
    for await (const item of readShards(folder)) items.push(item);
    expect(items.map(({ id }) => id)).toEqual(numbers(12).map((i) => `item ${i}`));
    expect(items[7]).toEqual({
      id: 'item 7',
      vector: new Float32Array([7, 1]),
      metadata: { i: 7, name: 'Nr. 7 \u{1f600}' },
    });
  });

  it('refuses shards of another dimension, and damaged ones by name', async () => {
    const folder = localFolder(join(root, 'shards'));
    await expect(shardSink(folder, { dimension: 3 })).rejects.toThrow('part-000000.safetensors has dimension 2, got 3');
    mkdirSync(join(root, 'damaged'));
    writeFileSync(join(root, 'damaged/part-000000.safetensors'), 'nonsense, and no safetensors');
    await expect(shardSink(localFolder(join(root, 'damaged')), { dimension: 2 })).rejects.toThrow(
      'part-000000.safetensors',
    );
  });
});

describe('jobShard', () => {
  it('leaves no shard of a job that is ended inside, so that it is done again whole', async () => {
    const folder = localFolder(join(root, 'jobs'), { create: true });
    const queue = memoryQueue<number[]>();
    await queue.add([{ id: 'job', job: numbers(10) }]);
    const counts: number[] = [];
    await queue.work(async ({ id, job }) => {
      const stop = new AbortController();
      counts.push(job.length);
      await bulkEmbed(job, {
        ...simple,
        sink: jobShard(folder, { job: id, dimension: 2 }),
        batchSize: 3,
        signal: stop.signal,
        onProgress: ({ seen }) => counts.length === 1 && seen === 6 && stop.abort(),
      });
    });
    expect(counts).toEqual([10, 10]);
    const ids = [];
    for await (const { id } of readShards(folder)) ids.push(id);
    expect(ids).toEqual(numbers(10).map(simple.id));
  });

  it('says that the job was ended, unless its shard is there', async () => {
    const folder = localFolder(join(root, 'ended'), { create: true });
    const run = (signal: AbortSignal) =>
      bulkEmbed(numbers(4), { ...simple, sink: jobShard(folder, { job: 'a', dimension: 2 }), batchSize: 2, signal });
    await expect(run(AbortSignal.abort())).rejects.toThrow('jobShard: the job a was ended before all of it');
    expect(await folder.has('a.safetensors')).toBe(false);
    expect(await run(new AbortController().signal)).toMatchObject({ embedded: 4 });
    expect(await run(AbortSignal.abort())).toMatchObject({ embedded: 0, skipped: 2 });
  });

  it.each([1, 2, 6])('has an id once that comes in several batches: ahead %i', async (ahead) => {
    const folder = localFolder(join(root, `repeated-${ahead}`), { create: true });
    const result = await bulkEmbed([0, 1, 2, 1, 3, 0, 4, 4, 0, 5], {
      ...simple,
      sink: jobShard(folder, { job: 'job', dimension: 2 }),
      batchSize: 2,
      ahead,
    });
    expect(result).toMatchObject({ seen: 10, embedded: 6, skipped: 4 });
    const ids = [];
    for await (const { id } of readShards(folder)) ids.push(id);
    expect(ids).toEqual(numbers(6).map(simple.id));
  });
});

describe('localFolder', () => {
  const names = async (folder: string) => {
    const list: string[] = [];
    for await (const name of localFolder(folder).list()) list.push(name);
    return list;
  };

  it('follows links, though not in circles, and names those that lead nowhere', async () => {
    for (const path of ['links/elsewhere/1', 'links/data/a/2']) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), 'x');
    }
    const data = join(root, 'links/data');
    symlinkSync(join(root, 'links/elsewhere'), join(data, 'b'));
    symlinkSync(join(root, 'links/elsewhere/1'), join(data, 'c'));
    symlinkSync(data, join(data, 'a', 'around'));
    expect(await names(data)).toEqual(['a/2', 'b/1', 'c']);
    symlinkSync(join(root, 'nowhere'), join(data, 'd'));
    await expect(names(data)).rejects.toThrow(/data\/d is a link that leads nowhere; correct or remove the link/);
  });

  it('and queues refuse options that do not exist', async () => {
    expect(() => localFolder(root).list({ undr: 'a' } as never)).toThrow("localFolder.list: there is no option 'undr'");
    await expect(memoryQueue<string>().work(async () => {}, { signl: 1 } as never)).rejects.toThrow(
      "memoryQueue.work: there is no option 'signl'",
    );
  });

  it('says why something cannot be written', async () => {
    writeFileSync(join(root, 'plain'), 'x');
    await expect(localFolder(root).write('plain/below', new Uint8Array(1))).rejects.toThrow(
      /^localFolder: .*plain\/below could not be written: part of its path is a file, not a folder/,
    );
    mkdirSync(join(root, 'taken/inside'), { recursive: true });
    await expect(localFolder(root).write('taken', new Uint8Array(1))).rejects.toThrow(
      /^localFolder: .*taken could not be written: there is a folder of that name \(EISDIR\)/,
    );
    const list = {
      id: String,
      decode: String,
      embed: async () => [],
      sink: { has: async () => [], write: async () => {}, flush: async () => {} },
    };
    await expect(bulkEmbed([], { ...list, quarantine: join(root, 'plain/list.jsonl') })).rejects.toThrow(
      /^bulkEmbed: .*list\.jsonl could not be written: part of its path is a file/,
    );
    await expect(openFileStore(join(root, 'plain/store'), { dimension: 2 })).rejects.toThrow(
      /^openFileStore: .*store could not be written: part of its path is a file/,
    );
    const store = memoryStore({ dimension: 2 });
    await expect(saveStore(store, join(root, 'plain/store'))).rejects.toThrow(/^saveStore: .*plain/);
    await store.close();
  });

  it('never leaves its folder', async () => {
    const folder = localFolder(root);
    await expect(folder.read('../../etc/passwd')).rejects.toThrow('leads out of');
    await expect(folder.write('../x', new Uint8Array())).rejects.toThrow('leads out of');
    await expect(folder.read('nothing')).rejects.toThrow('does not exist');
    await expect(localFolder(join(root, 'nowhere')).list()[Symbol.asyncIterator]().next()).rejects.toThrow(
      'cannot be read',
    );
  });
});

describe('a process that is killed with SIGKILL at random moments', () => {
  it.each(['store', 'shards'])('loses nothing and doubles nothing: %s', async (kind) => {
    const random = new Random(`kill ${kind}`);
    const folder = join(root, `killed-${kind}`);
    mkdirSync(folder);
    const options = { count: 6000, kills: 3, delay: () => 10 + 150 * random.uniform() };
    const { progress, ...report } = await workKilled(kind, folder, options);
    expect(report).toEqual({ kills: 3, missing: [], twice: [], wrong: [], quarantined: 120 });
    expect(progress[0]).toBeLessThan(5880); // killed in the middle of it
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress[2]).toBeGreaterThan(0); // and the work went on, each time
  });
});
