import { expectNoLeak } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tensorDataset } from '../../src/data/index.js';
import { type DeviceName, deviceNames, useDevice } from '../../src/device/index.js';
import { Random, randomNormal } from '../../src/index.js';
import { l2Normalize, multiHeadAttention } from '../../src/layers/index.js';
import { adamW } from '../../src/optimisers/index.js';
import { clipByNorm, fit, type TrainRecord, trainStep } from '../../src/train/index.js';

interface Batch extends tf.TensorContainerObject {
  x: tf.Tensor3D;
  y: tf.Tensor1D;
}

/** Which devices can be brought up here; the others are skipped, by name. */
const reasons: Record<string, string | undefined> = {};
for (const name of deviceNames) {
  reasons[name] = await useDevice(name).then(
    () => undefined,
    (error: Error) => error.message,
  );
}
afterAll(() => useDevice('js'));

/** Losses of a few steps of attention on a toy problem: what differs between devices is rounding only. */
async function train(device: DeviceName): Promise<number[]> {
  await useDevice(device);
  const x = randomNormal([24, 4, 8], { random: new Random(1) });
  const y = tf.tidy(() => tf.sum(tf.slice(x, [0, 0, 0], [-1, 1, 2]), [1, 2]));
  const data = tensorDataset({ x, y }, { batchSize: 8, seed: 2 });
  tf.dispose([x, y]);
  const attention = multiHeadAttention({ dimension: 8, heads: 2, seed: 3 });
  attention.build([null, 4, 8]);
  const head = tf.variable(randomNormal([8, 1], { random: new Random(4) }));
  const optimizer = adamW({ learningRate: 0.05, weightDecay: 0.01 });
  const step = trainStep<Batch>(
    {
      loss: ({ x: input, y: target }) => {
        const mixed = l2Normalize(attention.apply(input) as tf.Tensor3D);
        const out = tf.matMul(tf.mean(mixed, 1) as tf.Tensor2D, head as unknown as tf.Tensor2D);
        return tf.mean(tf.squaredDifference(tf.squeeze(out, [1]), target)) as tf.Scalar;
      },
      variables: () => [...attention.trainableWeights.map((weight) => weight.read() as tf.Variable), head],
    },
    { optimizer, transforms: [clipByNorm(1)] },
  );
  const losses: number[] = [];
  const each = ({ metrics }: TrainRecord) => {
    losses.push(metrics['loss'] as number);
    return undefined;
  };
  await fit(step, data, { steps: 12, progress: false, callbacks: [{ name: 'losses', onStep: each }], recordEvery: 1 });
  const batch = { x: tf.zeros([8, 4, 8]), y: tf.zeros([8]) } as Batch;
  tf.dispose(step.run(batch));
  await expectNoLeak(() => step.run(batch));
  // What stays of a device that cannot be read at once would be in the way of the next one.
  step.dispose();
  optimizer.dispose();
  tf.dispose([batch, head, ...attention.weights.map((weight) => weight.read())]);
  return losses;
}

describe('layers, optimiser and fit give the same on', () => {
  let expected: number[];
  beforeAll(async () => {
    expected = await train('js');
  });
  for (const name of deviceNames.filter((candidate) => candidate !== 'js')) {
    test.skipIf(reasons[name])(name, async () => {
      const losses = await train(name);
      expect(losses).toHaveLength(12);
      expect(losses.at(-1)).toBeLessThan(losses[0] as number);
      expect(losses).toBeAllclose(expected, { rtol: 2e-3 });
    });
  }
});
