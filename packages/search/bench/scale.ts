// Time and memory of the store in memory over 10^3 to 10^6 rows.
//   pnpm --filter @crossmodal/search run bench:scale [-- --dimension 64] [--most 1000000]
import { parseArgs } from 'node:util';
import { Random } from '@crossmodal/core';
import { memoryStore, type VectorItem } from '../src/index.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: { dimension: { type: 'string', default: '64' }, most: { type: 'string', default: '1000000' } },
});
const dimension = Number(options.dimension);
const random = new Random(1);
const batch = 10_000;

function* itemsOf(from: number, count: number): Generator<VectorItem> {
  const values = new Float32Array(count * dimension);
  random.fillNormal(values);
  for (let i = 0; i < count; i++) {
    yield { id: String(from + i), vector: values.subarray(i * dimension, (i + 1) * dimension) };
  }
}

const queries = [...itemsOf(0, 100)].map(({ vector }) => vector);
const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};

/** The best of a few, in milliseconds. */
async function time(work: () => Promise<unknown>, repeats: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const began = performance.now();
    await work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

console.log(`${'rows'.padStart(9)} x ${dimension}   build ms   1 query ms   100 queries ms   MB more   MB of vectors`);
for (let rows = 1000; rows <= Number(options.most); rows *= 10) {
  const before = megabytes();
  const store = memoryStore({ dimension });
  let build = 0;
  for (let from = 0; from < rows; from += batch) {
    const items = [...itemsOf(from, Math.min(batch, rows - from))];
    const began = performance.now();
    await store.upsert(items);
    build += performance.now() - began;
  }
  const more = megabytes() - before;
  await store.search(queries); // starts the threads
  const one = await time(() => store.search(queries.slice(0, 1)), 5);
  const hundred = await time(() => store.search(queries), 3);
  const columns = [
    build.toFixed(0),
    one.toFixed(1),
    hundred.toFixed(1),
    more.toFixed(0),
    ((4 * rows * dimension) / 2 ** 20).toFixed(0),
  ];
  const widths = [11, 13, 17, 10, 16];
  console.log(
    String(rows).padStart(9) +
      ' '.repeat(String(dimension).length + 3) +
      columns.map((text, i) => text.padStart(widths[i]!)).join(''),
  );
  await store.close();
}
