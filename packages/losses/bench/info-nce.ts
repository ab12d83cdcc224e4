// Symmetric InfoNCE, value and gradients, at a large batch: this package in a compiled function, against PyTorch, in turn.
// node --conditions=@crossmodal/source --import tsx bench/info-nce.ts [--python PATH] [--batch 4096] [--dim 512] [--rounds 7]
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { compile } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { infoNce } from '../src/index.js';

const { values: settings } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    batch: { type: 'string', default: '4096' },
    dim: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '7' },
  },
});
const [batch, dim, rounds] = [settings.batch, settings.dim, settings.rounds].map(Number) as [number, number, number];

const torchProgram = `
import sys, time, torch, torch.nn.functional as F
b, d, threads = ${batch}, ${dim}, ${availableParallelism()}
torch.set_num_threads(threads)
torch.manual_seed(0)
x, y = torch.randn(b, d, requires_grad=True), torch.randn(b, d, requires_grad=True)
target = torch.arange(b)
def step():
    x.grad = y.grad = None
    s = F.normalize(x) @ F.normalize(y).T / 0.07
    loss = (F.cross_entropy(s, target) + F.cross_entropy(s.T, target)) / 2
    loss.backward()
    return loss.item()
step()
print("ready", torch.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter(); step(); print((time.perf_counter() - start) * 1e3, flush=True)
`;

interface Contender {
  name: string;
  run: () => Promise<number>;
  times: number[];
}

async function ours(name: string, options: { blockRows?: number }): Promise<Contender> {
  const [a, b] = [1, 2].map((seed) => tf.randomNormal([batch, dim], 0, 1, 'float32', seed)) as [Tensor2D, Tensor2D];
  const step = compile((x: Tensor2D, y: Tensor2D) => {
    const { value, grads } = tf.valueAndGrads((p, q) => infoNce(p as Tensor2D, q as Tensor2D, options))([x, y]);
    return [value, ...grads];
  });
  const run = async () => {
    const start = performance.now();
    const results = step(a, b);
    await Promise.all(results.map((x) => x.data()));
    const elapsed = performance.now() - start;
    tf.dispose(results);
    return elapsed;
  };
  for (let i = 0; i < 4; i++) await run();
  return { name, run, times: [] };
}

async function torch(): Promise<Contender | undefined> {
  const child = spawn(settings.python, ['-c', torchProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.on('error', () => undefined);
  const first = await lines.next();
  if (first.done) return undefined;
  process.once('exit', () => child.kill());
  const run = async () => {
    child.stdin.write('run\n');
    return Number((await lines.next()).value);
  };
  return { name: `PyTorch ${String(first.value).split(' ')[1]}`, run, times: [] };
}

const device = await useDevice('cpu');
console.log(`infoNce, symmetric, value and gradients, B = ${batch}, D = ${dim}; ${device.description}`);
const contenders = [
  await torch(),
  await ours('infoNce', {}),
  await ours(`infoNce, blockRows ${batch / 8}`, { blockRows: batch / 8 }),
].filter((contender) => contender !== undefined);
for (let round = 0; round < rounds; round++) {
  for (const contender of contenders) contender.times.push(await contender.run());
}
const median = (times: number[]) => [...times].sort((p, q) => p - q)[Math.floor(times.length / 2)] as number;
const reference = contenders[0] as Contender;
for (const { name, times } of contenders) {
  const ratio = (Math.min(...reference.times) / Math.min(...times)).toFixed(2);
  console.log(
    `${name}: best ${Math.min(...times).toFixed(0)} ms, median ${median(times).toFixed(0)} ms, ${ratio}x of ${reference.name}`,
  );
}
console.log(`resident memory of this process: ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB`);
process.exit(0);
