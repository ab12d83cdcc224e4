// Started as a process of its own by the kill test: trains with a checkpoint at every step and prints how it ended.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { useDevice } from '../../src/device/index.js';
import { type Callback, fit } from '../../src/train/index.js';
import { fingerprint, makeSetup } from './regression.js';

const [folder = '', steps = '', device = 'js'] = process.argv.slice(2);
if (device === 'js') await tf.setBackend('cpu');
else await useDevice(device as 'cpu');
const { step, data } = makeSetup({ width: 600 });
const report: Callback = {
  name: 'report',
  onStep: ({ step: at }) => {
    process.stdout.write(`step ${at}\n`);
    return undefined;
  },
};
await fit(step, data, {
  steps: Number(steps),
  checkpoint: { folder, everySteps: 1, keep: 2 },
  log: { jsonl: `${folder}/log.jsonl` },
  callbacks: [report],
  progress: false,
});
process.stdout.write(`done ${await fingerprint(step.namedState())}\n`);
process.exit(0);
