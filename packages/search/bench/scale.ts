// Time and memory of exact search over 10^3 to 10^6 rows, beside numpy and FAISS in the same run.
//   npm run bench -- perf --scale [--python PATH], or
//   pnpm --filter @crossmodal/search run bench:scale [-- --dimension 64] [--most 1000000] [--rounds 5] [--python PATH] [--json FILE]
// Without a Python that has numpy (and faiss-cpu), only our own numbers.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { memoryStore } from '../src/index.js';
import { duel, type Held, Python, type Time, vectors } from './contenders.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: {
    dimension: { type: 'string', default: '64' },
    most: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'string' },
  },
});
const dimension = Number(options.dimension);
const batch = 10_000;
const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};

interface Engine {
  build?: number;
  one: Time;
  hundred: Time;
  megabytes: number;
}

const measured: { rows: number; ours: Engine; numpy?: Engine; faiss?: Engine }[] = [];
const python = new Python(options.python);
const queries = vectors(100, dimension);
// Threads and the module of kernels are there before memory is looked at.
const warm = memoryStore({ dimension, similarity: 'dot' });
await warm.upsert(vectors(batch, dimension).map((vector, i) => ({ id: String(i), vector })));
await warm.search(queries);
await warm.close();

const cell = (text: string) => text.padStart(12);
console.log(
  `rows x ${dimension}, milliseconds (processor time of all threads in brackets), megabytes that were added\n` +
    `${'rows'.padStart(9)}${['', 'build', '1 query', '100 queries', 'MB'].map(cell).join('')}`,
);
for (let rows = 1000; rows <= Number(options.most); rows *= 10) {
  const before = megabytes();
  const store = memoryStore({ dimension, similarity: 'dot' });
  let build = 0;
  for (let from = 0; from < rows; from += batch) {
    const items = vectors(Math.min(batch, rows - from), dimension).map((vector, i) => ({
      id: String(from + i),
      vector,
    }));
    const began = performance.now();
    await store.upsert(items);
    build += performance.now() - began;
  }
  const more = megabytes() - before;
  const held = await python.ask<Held>({ rows, dimension });
  const time = (count: number, repeats: number) =>
    duel(python, held, () => store.search(queries.slice(0, count), { k: 10 }), {
      queries: count,
      repeats,
      rounds: Number(options.rounds),
    });
  const one = await time(1, rows > 100_000 ? 4 : 16);
  const hundred = await time(100, rows > 100_000 ? 1 : 4);
  const row = {
    rows,
    ours: { build, one: one.ours, hundred: hundred.ours, megabytes: more },
    ...(held && one.numpy && hundred.numpy
      ? { numpy: { one: one.numpy, hundred: hundred.numpy, megabytes: held.numpyMegabytes } }
      : {}),
    ...(held && one.faiss && hundred.faiss
      ? {
          faiss: { build: held.faissBuild, one: one.faiss, hundred: hundred.faiss, megabytes: held.faissMegabytes },
        }
      : {}),
  };
  measured.push(row);
  for (const name of ['ours', 'numpy', 'faiss'] as const) {
    const engine: Engine | undefined = row[name];
    if (!engine) continue;
    const shown = ({ wall, busy }: Time) => `${wall.toFixed(2)} (${busy.toFixed(1)})`.padStart(17);
    console.log(
      `${String(rows).padStart(9)}${cell(name)}${cell(engine.build?.toFixed(0) ?? '-')}${shown(engine.one)}${shown(engine.hundred)}${cell(engine.megabytes.toFixed(0))}`,
    );
  }
  await store.close();
}
python.end();
if (options.json) writeFileSync(options.json, `${JSON.stringify({ dimension, measured }, undefined, 2)}\n`);
