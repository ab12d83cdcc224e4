// A process of its own without any backend: prints what each function says.
import type * as tf from '@tensorflow/tfjs-core';
import { tensorDataset } from '../../src/data/index.js';
import { defineEncoder, hostInput, Random, randomMask, randomNormal, randomUniform } from '../../src/index.js';
import { sgd } from '../../src/optimisers/index.js';
import { alternatingStep, cachedGradientStep, fit, trainStep } from '../../src/train/index.js';

const nothing = {
  loss: () => ({}) as never,
  namedVariables: () => ({}),
  embedBatch: () => ({}),
  contrast: () => ({}) as never,
};
const optimizer = sgd({ learningRate: 0.1 });
const random = new Random(1);
const model = { inputs: [{ name: 'x' }], outputs: [{ shape: [null, 2] }] };
const encoder = defineEncoder({
  modality: 'text',
  model: model as never,
  inputs: ['ids'],
  prepare: async () => ({}),
});
const calls: Record<string, () => unknown> = {
  trainStep: () => trainStep(nothing, { optimizer }).run({}),
  alternatingStep: () =>
    alternatingStep(
      { objectives: { a: nothing }, namedVariables: () => ({}) },
      { objectives: { a: { optimizer } } },
    ).run({}),
  cachedGradientStep: () => cachedGradientStep(nothing, { optimizer, chunkSize: 1 }).run({}),
  fit: () => fit(trainStep(nothing, { optimizer }), { async *iterate() {} }, { steps: 1 }),
  tensorDataset: () => tensorDataset({ x: {} as tf.Tensor }, { batchSize: 1 }),
  hostInput: () => hostInput([1], 'float32', () => {}),
  randomNormal: () => randomNormal([1], { random }),
  randomUniform: () => randomUniform([1], { random }),
  randomMask: () => randomMask([1], { random }),
  prepare: () => encoder.prepare(['a']),
  encode: () => encoder.encode({}),
};
const messages: Record<string, string> = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    await call();
    messages[name] = 'nothing was thrown';
  } catch (error) {
    messages[name] = (error as Error).message;
  }
}
process.stdout.write(`\n${JSON.stringify(messages)}\n`);
process.exit(0);
