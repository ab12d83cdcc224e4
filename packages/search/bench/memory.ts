// Memory of bulk embedding while rows are generated, decoded, embedded and written to shards: it must not grow with their number.
//   pnpm --filter @crossmodal/search run bench:memory [-- --rows 200000] [--dimension 512] [--sink shards|lancedb]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@crossmodal/core';
import { bulkEmbed, localFolder, openLanceStore, shardSink, storeSink } from '../src/index.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: {
    rows: { type: 'string', default: '200000' },
    dimension: { type: 'string', default: '512' },
    sink: { type: 'string', default: 'shards' },
  },
});
const rows = Number(options.rows);
const dimension = Number(options.dimension);
const parts = 10;
const itemBytes = 64 * 1024; // of a file before it is decoded

function* numbers(): Generator<number> {
  for (let i = 0; i < rows; i++) yield i;
}

const folder = await mkdtemp(join(tmpdir(), 'crossmodal-memory-'));
try {
  const store = options.sink === 'lancedb' ? await openLanceStore(join(folder, 'lance'), { dimension }) : undefined;
  const sink = store
    ? storeSink(store)
    : await shardSink(localFolder(join(folder, 'shards'), { create: true }), { dimension });
  const seconds = () => performance.now() / 1000;
  const began = seconds();
  const most: number[] = new Array(parts).fill(0);
  const watch = (seen: number) => {
    const part = Math.min(parts - 1, Math.floor((parts * seen) / rows));
    most[part] = Math.max(most[part] ?? 0, process.memoryUsage().rss / 2 ** 20);
  };
  const result = await bulkEmbed(numbers(), {
    id: (i) => `item ${i}`,
    decode: async (i) => new Uint8Array(itemBytes).fill(i),
    embed: async (batch) => {
      const random = new Random(batch[0]?.[0] ?? 0);
      return batch.map(() => {
        const vector = new Float32Array(dimension);
        random.fillNormal(vector);
        return vector;
      });
    },
    metadata: (i) => ({ kind: 'image', name: `folder/${i}.jpg` }),
    sink,
    batchSize: store ? 1000 : 64,
    onProgress: ({ seen }) => watch(seen),
  });
  await store?.close();
  process.stdout.write(
    `${result.embedded} rows of ${dimension} into ${options.sink} in ${(seconds() - began).toFixed(0)} s\n`,
  );
  process.stdout.write('rows seen      most MB resident\n');
  most.forEach((megabytes, part) => {
    process.stdout.write(
      `${String(Math.round(((part + 1) * rows) / parts)).padStart(9)} ${megabytes.toFixed(0).padStart(21)}\n`,
    );
  });
  // Warm after a fifth; from there on the second half must need no more than the first did.
  const [early, late] = [Math.max(...most.slice(2, 6)), Math.max(...most.slice(6))];
  if (late > 1.15 * early) {
    process.stdout.write(`memory grew: ${early.toFixed(0)} MB, then ${late.toFixed(0)} MB\n`);
    process.exitCode = 1;
  }
  if (result.embedded !== rows) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
