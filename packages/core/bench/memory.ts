// Trains for many steps and prints, along the way, the number of tensors and the resident memory; both must stay flat.
// pnpm --filter @crossmodal/core run bench:memory [steps] [device]
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { useDevice } from '../src/device/index.js';
import { type Callback, fit } from '../src/train/index.js';
import { makeSetup } from '../test/train/regression.js';

const [steps = '10000', device = 'cpu'] = process.argv.slice(2);
const total = Number(steps);
if (device === 'js') await tf.setBackend('cpu');
else await useDevice(device as 'cpu');
const { step, data } = makeSetup({ width: 64 });

const samples: { step: number; tensors: number; megabytes: number }[] = [];
const watch: Callback = {
  name: 'memory',
  onStep: ({ step: at }) => {
    if (at % Math.max(1, Math.floor(total / 10)) === 0) {
      globalThis.gc?.();
      samples.push({ step: at, tensors: tf.memory().numTensors, megabytes: process.memoryUsage().rss / 2 ** 20 });
    }
    return undefined;
  },
};
const { stepsPerSecond } = await fit(step, data, { steps: total, callbacks: [watch], label: `memory on ${device}` });
for (const { step: at, tensors, megabytes } of samples) {
  console.log(`step ${String(at).padStart(7)}   ${tensors} tensors   ${megabytes.toFixed(1)} MB resident`);
}
const [second, last] = [samples[1]!, samples.at(-1)!];
const growth = last.megabytes - second.megabytes;
console.log(
  `${total} steps on ${device} at ${stepsPerSecond.toFixed(0)} steps/s: ${last.tensors - second.tensors} tensors more, ` +
    `${growth.toFixed(1)} MB more than at step ${second.step}`,
);
process.exitCode = last.tensors === second.tensors && growth < 0.1 * second.megabytes ? 0 : 1;
