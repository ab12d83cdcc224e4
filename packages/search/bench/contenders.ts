// numpy and FAISS in a process of their own, asked line by line, and what a measurement shares.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Random } from '@crossmodal/core';

/** Milliseconds: by the clock, and of all processors together. */
export interface Time {
  wall: number;
  busy: number;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

export const medians = (times: readonly Time[]): Time => ({
  wall: median(times.map(({ wall }) => wall)),
  busy: median(times.map(({ busy }) => busy)),
});

/** What numpy and FAISS say of rows that they were given. */
export interface Held {
  faiss: boolean;
  /** Megabytes that the rows of numpy, and FAISS's index, added to the process. */
  numpyMegabytes: number;
  faissMegabytes: number;
  /** Milliseconds of building FAISS's index. */
  faissBuild: number;
}

/** contenders.py; without a Python that has numpy every question is answered by undefined. */
export class Python {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string) {
    const script = fileURLToPath(new URL('contenders.py', import.meta.url));
    this.#process = spawn(program, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.on('error', () => {});
    this.#process.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<Answer>(task: object): Promise<Answer | undefined> {
    this.#process.stdin!.write(`${JSON.stringify(task)}\n`);
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as Answer);
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

const random = new Random(1);

/** Random vectors in one piece of memory. */
export function vectors(count: number, dimension: number): Float32Array[] {
  const all = new Float32Array(count * dimension);
  random.fillNormal(all);
  return Array.from({ length: count }, (_, i) => all.subarray(i * dimension, (i + 1) * dimension));
}

export async function timeOurs(work: () => Promise<unknown>, repeats: number): Promise<Time> {
  const began = performance.now();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / repeats, busy: (user + system) / 1000 / repeats };
}

/**
 * Searches by the three in blocks that take turns, so that a busy machine is equally busy for all; the first round warms up. Medians.
 *
 * @param queries how many are asked at once
 */
export async function duel(
  python: Python,
  held: Held | undefined,
  ours: () => Promise<unknown>,
  { queries, repeats, rounds }: { queries: number; repeats: number; rounds: number },
): Promise<{ ours: Time; numpy: Time | undefined; faiss: Time | undefined }> {
  const times: Record<'ours' | 'numpy' | 'faiss', Time[]> = { ours: [], numpy: [], faiss: [] };
  for (let round = -1; round < rounds; round++) {
    const own = await timeOurs(ours, repeats);
    const numpy = held && (await python.ask<Time>({ engine: 'numpy', queries, repeats }));
    const faiss = held?.faiss ? await python.ask<Time>({ engine: 'faiss', queries, repeats }) : undefined;
    if (round < 0) continue;
    times.ours.push(own);
    if (numpy) times.numpy.push(numpy);
    if (faiss) times.faiss.push(faiss);
  }
  const of = (list: Time[]) => (list.length > 0 ? medians(list) : undefined);
  return { ours: medians(times.ours), numpy: of(times.numpy), faiss: of(times.faiss) };
}
