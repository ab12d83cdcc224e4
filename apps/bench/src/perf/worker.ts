// One engine on one row, in a process of its own: reads `run N` and `stop` from standard input, answers in JSON lines.
import { createInterface } from 'node:readline';
import { compile } from '@crossmodal/core';
import { type DeviceName, useDevice } from '@crossmodal/core/device';
import * as tf from '@tensorflow/tfjs-core';
import { everyRow } from './rows/index.js';

/** Longest warm-up. */
const WARM_MS = 20_000;

const [rowId, deviceName, batch, folder] = process.argv.slice(2);
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Best GFLOP/s of a 1024x1024 product: what this engine can reach on this machine. */
async function matmulPeak(): Promise<number> {
  const size = 1024;
  const a = tf.ones([size, size]) as tf.Tensor2D;
  const product = compile((x: tf.Tensor2D) => tf.sum(tf.matMul(x, x)));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    const sum = product(a) as tf.Tensor;
    await sum.data();
    sum.dispose();
    best = Math.min(best, performance.now() - started);
  }
  return (2 * size ** 3) / best / 1e6;
}

try {
  const row = everyRow.find((candidate) => candidate.id === rowId);
  if (!row) throw new Error(`unknown row '${rowId}'`);
  const device = await useDevice(deviceName as DeviceName);
  const workload = await row.build(Number(batch), folder);
  const step = compile(workload.step);
  const once = async () => {
    const loss = step(...workload.inputs) as tf.Scalar;
    const [value] = await loss.data();
    loss.dispose();
    return value as number;
  };
  const started = performance.now();
  await once();
  const firstMs = performance.now() - started;
  // The call that builds the graph, and replays until memory has grown; a slow engine is warm when its time is up.
  for (let i = 0; i < 6 && performance.now() - started < WARM_MS; i++) await once();
  say({ ready: true, device: device.description, firstMs, loading: workload.loading });
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, count] = line.split(' ');
    if (command === 'run') {
      const ms: number[] = [];
      let loss = Number.NaN;
      for (let i = 0; i < Number(count); i++) {
        const before = performance.now();
        loss = await once();
        ms.push(performance.now() - before);
      }
      say({ ms, loss });
    } else if (command === 'memory') {
      say({ peakMb: process.resourceUsage().maxRSS / 1024, tensors: tf.memory().numTensors });
    } else if (command === 'peak') {
      say({ gflops: await matmulPeak() });
    } else break;
  }
  process.exit(0);
} catch (error) {
  say({ error: (error as Error).message.split('\n')[0] });
  process.exit(1);
}
