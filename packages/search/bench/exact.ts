// Exact search beside numpy and FAISS, in blocks that take turns, so that a busy machine is equally busy for all.
//   pnpm --filter @crossmodal/search run bench -- --python PATH [--rounds 7] [--sizes 100000x64,400000x128]
// Without a Python that has numpy (and faiss-cpu), only our own times. "busy" is processor time of all threads together.
import { parseArgs } from 'node:util';
import { memoryStore } from '../src/index.js';
import { duel, type Held, Python, type Time, timeOurs, vectors } from './contenders.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '7' },
    sizes: { type: 'string', default: '100000x64,100000x512,400000x128' },
  },
});

const python = new Python(options.python);
const shown = (time: Time | undefined) =>
  (time ? `${time.wall.toFixed(1)} (${time.busy.toFixed(1)})` : '-').padStart(17);
const ratio = (a: number, b: number | undefined) => (b ? (a / b).toFixed(2) : '-').padStart(6);
console.log(
  'milliseconds, median: wall (busy)              ours            numpy            FAISS   ours / numpy: wall, busy   ours / FAISS: wall',
);
for (const size of options.sizes.split(',')) {
  const [rows, dimension] = size.split('x').map(Number) as [number, number];
  const items = vectors(rows, dimension).map((vector, i) => ({ id: String(i), vector }));
  const store = memoryStore({ dimension, similarity: 'dot' });
  const build = await timeOurs(() => store.upsert(items), 1);
  const held = await python.ask<Held>({ rows, dimension });
  for (const count of [1, 100]) {
    const queries = vectors(count, dimension);
    const { ours, numpy, faiss } = await duel(python, held, () => store.search(queries, { k: 10 }), {
      queries: count,
      repeats: count === 1 ? 8 : 1,
      rounds: Number(options.rounds),
    });
    const title = `${rows} x ${dimension}, ${count} ${count === 1 ? 'query' : 'queries'}`.padEnd(36);
    console.log(
      `${title}${shown(ours)}${shown(numpy)}${shown(faiss)}${ratio(ours.wall, numpy?.wall)} ${ratio(ours.busy, numpy?.busy)}          ${ratio(ours.wall, faiss?.wall)}`,
    );
  }
  console.log(`${rows} x ${dimension}, building`.padEnd(36) + shown(build));
  await store.close();
}
python.end();
