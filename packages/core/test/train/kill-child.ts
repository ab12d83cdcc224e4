// Started as a process of its own by the kill test: trains with a checkpoint at every step and prints how it ended.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { tensorDataset } from '../../src/data/index.js';
import { useDevice } from '../../src/device/index.js';
import { adamW } from '../../src/optimisers/index.js';
import { accumulate, average, type Callback, cachedGradientStep, fit } from '../../src/train/index.js';
import { batchOf, twoMaps } from '../step/two-maps.js';
import { fingerprint, makeSetup } from './regression.js';

const [folder = '', steps = '', device = 'js', kind = 'plain'] = process.argv.slice(2);
if (device === 'js') await tf.setBackend('cpu');
else await useDevice(device as 'cpu');
function makeCachedSetup() {
  const { model } = twoMaps({ rate: 0.3, dimension: 6000 });
  const step = cachedGradientStep(model, {
    optimizer: adamW({ learningRate: 0.01 }),
    chunkSize: 5,
    transforms: [accumulate(2), average({ decay: 0.9, warmup: true })],
  });
  return { step, data: tensorDataset({ ...batchOf(44, 9) }, { batchSize: 12, seed: 3 }) };
}

const report: Callback = {
  name: 'report',
  onStep: ({ step: at }) => {
    process.stdout.write(`step ${at}\n`);
    return undefined;
  },
};
const options = {
  steps: Number(steps),
  checkpoint: { folder, everySteps: 1, keep: 2 },
  log: { jsonl: `${folder}/log.jsonl` },
  callbacks: [report],
  progress: false,
};
if (kind === 'cached') {
  const { step, data } = makeCachedSetup();
  await fit(step, data, options);
  process.stdout.write(`done ${await fingerprint(step.namedState())}\n`);
  process.exit(0);
}
const { step, data } = makeSetup({ width: 600 });
await fit(step, data, options);
process.stdout.write(`done ${await fingerprint(step.namedState())}\n`);
process.exit(0);
