// Exact search beside numpy and FAISS, in blocks that take turns, so that a busy machine is equally busy for all.
//   pnpm --filter @crossmodal/search run bench -- --python PATH [--rounds 7]
// Without a Python that has numpy (and faiss-cpu), only our own times. "busy" is processor time of all threads together.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '@crossmodal/core';
import { memoryStore } from '../src/index.js';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: { python: { type: 'string', default: 'python3' }, rounds: { type: 'string', default: '7' } },
});

interface Time {
  wall: number;
  busy: number;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const medians = (times: Time[]): Time => ({
  wall: median(times.map(({ wall }) => wall)),
  busy: median(times.map(({ busy }) => busy)),
});

class Python {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string) {
    const script = fileURLToPath(new URL('contenders.py', import.meta.url));
    this.#process = spawn(program, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.on('error', () => {});
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<Answer>(task: object): Promise<Answer | undefined> {
    this.#process.stdin!.on('error', () => {});
    this.#process.stdin!.write(`${JSON.stringify(task)}\n`);
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as Answer);
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

const python = new Python(options.python);
const random = new Random(1);
const vectors = (count: number, dimension: number) => {
  const all = new Float32Array(count * dimension);
  random.fillNormal(all);
  return Array.from({ length: count }, (_, i) => all.subarray(i * dimension, (i + 1) * dimension));
};

const shown = (time: Time | undefined) =>
  (time ? `${time.wall.toFixed(1)} (${time.busy.toFixed(1)})` : '-').padStart(17);
const ratio = (a: number, b: number | undefined) => (b ? (a / b).toFixed(2) : '-').padStart(6);
console.log(
  'milliseconds, median: wall (busy)              ours            numpy            FAISS   ours / numpy: wall, busy   ours / FAISS: wall',
);
for (const [rows, dimension] of [
  [100_000, 64],
  [100_000, 512],
  [400_000, 128],
] as const) {
  const items = vectors(rows, dimension).map((vector, i) => ({ id: String(i), vector }));
  const store = memoryStore({ dimension, similarity: 'dot' });
  const began = performance.now();
  const before = process.cpuUsage();
  await store.upsert(items);
  const build = { wall: performance.now() - began, busy: process.cpuUsage(before).user / 1000 };
  const has = await python.ask<{ faiss: boolean }>({ rows, dimension });
  for (const count of [1, 100]) {
    const repeats = count === 1 ? 8 : 1;
    const queries = vectors(count, dimension);
    const times: Record<'ours' | 'numpy' | 'faiss', Time[]> = { ours: [], numpy: [], faiss: [] };
    for (let round = -1; round < Number(options.rounds); round++) {
      const ours = await timeOurs(() => store.search(queries, { k: 10 }), repeats);
      const numpy = has && (await python.ask<Time>({ engine: 'numpy', queries: count, repeats }));
      const faiss = has?.faiss ? await python.ask<Time>({ engine: 'faiss', queries: count, repeats }) : undefined;
      if (round < 0) continue; // the first one warms up
      times.ours.push(ours);
      if (numpy) times.numpy.push(numpy);
      if (faiss) times.faiss.push(faiss);
    }
    const [ours, numpy, faiss] = (['ours', 'numpy', 'faiss'] as const).map((name) =>
      times[name].length > 0 ? medians(times[name]) : undefined,
    );
    const title = `${rows} x ${dimension}, ${count} ${count === 1 ? 'query' : 'queries'}`.padEnd(36);
    console.log(
      `${title}${shown(ours)}${shown(numpy)}${shown(faiss)}${ratio(ours!.wall, numpy?.wall)} ${ratio(ours!.busy, numpy?.busy)}          ${ratio(ours!.wall, faiss?.wall)}`,
    );
  }
  console.log(`${rows} x ${dimension}, building`.padEnd(36) + shown(build));
  await store.close();
}
python.end();

async function timeOurs(work: () => Promise<unknown>, repeats: number): Promise<Time> {
  const began = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / repeats, busy: (user + system) / 1000 / repeats };
}
