// Started as a process of its own by the tests: embeds generated items until it is done or killed.
import { join } from 'node:path';
import { type BulkSink, bulkEmbed, localFolder, openFileStore, shardSink, storeSink } from '@crossmodal/search';

/** The vector of an item, so that it can be checked. */
export function vectorOf(i: number): Float32Array {
  return Float32Array.from({ length: 8 }, (_, d) => Math.sin(i * 8 + d + 1));
}

/** One item in fifty cannot be read. */
export const isBroken = (i: number): boolean => i % 50 === 7;

export async function work(kind: string, folder: string, count: number): Promise<void> {
  const store = kind === 'store' ? await openFileStore(join(folder, 'store'), { dimension: 8 }) : undefined;
  const sink: BulkSink = store
    ? storeSink(store)
    : await shardSink(localFolder(join(folder, 'shards'), { create: true }), { dimension: 8, rows: 37 });
  let begun = false;
  const result = await bulkEmbed(
    Array.from({ length: count }, (_, i) => i),
    {
      id: (i) => `item ${i}`,
      decode: async (i) => {
        if (!begun) process.stdout.write('begun\n');
        begun = true;
        if (isBroken(i)) throw new Error(`number ${i} is broken`);
        return i;
      },
      embed: async (batch) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return batch.map(vectorOf);
      },
      metadata: (i) => ({ i }),
      sink,
      quarantine: join(folder, 'quarantine.jsonl'),
      batchSize: 16,
    },
  );
  await store?.close();
  process.stdout.write(`done ${JSON.stringify(result)}\n`);
}

if (process.argv[2] === 'work')
  await work(process.argv[3] as string, process.argv[4] as string, Number(process.argv[5]));
