// How fast the update of variables runs: bytes per second of Adam in WebAssembly, beside a plain copy of as many bytes in
// the same memory and in ordinary arrays, in turns. Usage: update.ts [millions of numbers] [rounds]
import { kernelModule } from '../src/update/kernel.js';
import type { Operand, Update } from '../src/update/split.js';
import { PAGE, WebAssembly } from '../src/update/webassembly.js';

const [, , millions = '22', rounds = '9'] = process.argv;
const length = Math.round(Number(millions) * 1e6);

const v = (index: number): Operand => ({ kind: 'vector', index });
const s = (index: number): Operand => ({ kind: 'scalar', index });
const t = (index: number): Operand => ({ kind: 'step', index });

/** Weight, two moments and gradient; the two rates, what they leave, epsilon and the learning rate. */
const adam = {
  vectors: new Array(4).fill(undefined),
  scalars: new Array(6).fill(undefined),
  steps: [
    { op: 'Mul', operands: [v(1), s(0)] },
    { op: 'Mul', operands: [v(3), s(1)] },
    { op: 'Add', operands: [t(0), t(1)] },
    { op: 'Mul', operands: [v(3), v(3)] },
    { op: 'Mul', operands: [t(3), s(3)] },
    { op: 'Mul', operands: [v(2), s(2)] },
    { op: 'Add', operands: [t(5), t(4)] },
    { op: 'Sqrt', operands: [t(6)] },
    { op: 'Add', operands: [t(7), s(4)] },
    { op: 'Div', operands: [t(2), t(8)] },
    { op: 'Mul', operands: [t(9), s(5)] },
    { op: 'Sub', operands: [v(0), t(10)] },
  ],
  results: [
    { state: 0, operand: t(11) },
    { state: 1, operand: t(2) },
    { state: 2, operand: t(6) },
  ],
} satisfies Pick<Update, 'vectors' | 'scalars' | 'steps' | 'results'>;

const whole = Math.ceil(length / 16) * 16;
const pages = Math.ceil((7 * 4 * whole) / PAGE);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
const view = (i: number, count = length) => new Float32Array(memory.buffer, 4 * whole * i, count);
for (let i = 0; i < 4; i++) view(i).fill(0.5 + i);
const { exports } = new WebAssembly.Instance(kernelModule(adam), { host: { memory } });
const { run } = exports as { run: (...parameters: number[]) => void };
const place = (i: number) => 4 * whole * i;

// Four vectors are read and three written: a copy of three and a half moves as much.
const half = Math.floor(3.5 * length);
const [from, to] = [new Float32Array(half).fill(1), new Float32Array(half)];
const ways: Record<string, () => void> = {
  'Adam, in WebAssembly': () =>
    run(4 * length, ...[0, 1, 2, 3, 0, 1, 2].map(place), 0.9, 0.1, 0.999, 0.001, 1e-7, 1e-3),
  'copy, in the same memory': () => {
    view(0).set(view(4));
    view(1).set(view(5));
    view(2).set(view(6));
    view(3, length >> 1).set(view(6, length >> 1));
  },
  'copy, between arrays': () => to.set(from),
};

const times = new Map(Object.keys(ways).map((name): [string, number[]] => [name, []]));
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, way] of Object.entries(ways)) {
    const before = process.cpuUsage();
    const start = performance.now();
    way();
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    // Where others use the cores, the time that this process had of one is the fairer measure.
    if (round > 0) times.get(name)!.push(Math.min(wall, (user + system) / 1000));
  }
}
for (const [name, list] of times) {
  const sorted = list.sort((a, b) => a - b);
  const rate = (milliseconds: number) => ((28 * length) / milliseconds / 1e6).toFixed(1);
  const [best, median] = [sorted[0]!, sorted[sorted.length >> 1]!];
  console.log(
    `${name.padEnd(26)} best ${best.toFixed(1)} ms ${rate(best)} GB/s, median ${median.toFixed(1)} ms ${rate(median)} GB/s`,
  );
}
