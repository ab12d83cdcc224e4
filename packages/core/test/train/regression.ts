import { createHash } from 'node:crypto';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { type Dataset, tensorDataset } from '../../src/data/index.js';
import { type NamedVariables, namedVariables, Random, randomNormal } from '../../src/index.js';
import { dropoutLayer } from '../../src/layers/index.js';
import { adamW } from '../../src/optimisers/index.js';
import { cosine, linearWarmup, scheduledScalar } from '../../src/schedules/index.js';
import { accumulate, average, clipByNorm, type TrainStep, trainStep } from '../../src/train/index.js';

export interface Batch extends tf.TensorContainerObject {
  x: Tensor2D;
  y: Tensor2D;
}

/** A small run with everything that must survive a restart: statistics, dropout, noise, schedules, averages. */
export interface Setup {
  model: tfl.Sequential;
  step: TrainStep<Batch>;
  data: Dataset<Batch>;
  dispose(): void;
}

export function makeData({ rows = 44, batchSize = 8 } = {}): ReturnType<typeof tensorDataset<Batch>> {
  const x = randomNormal<Tensor2D>([rows, 4], { random: new Random(100) });
  const y = tf.tidy(() => tf.concat([tf.sum(x, 1, true), tf.prod(x, 1, true)], 1) as Tensor2D);
  const data = tensorDataset<Batch>({ x, y }, { batchSize, seed: 5 });
  tf.dispose([x, y]);
  return data;
}

export function makeSetup({ width = 8, batches = 1 }: { width?: number; batches?: number } = {}): Setup {
  const initializer = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ units: width, inputShape: [4], kernelInitializer: initializer(1) }),
      tfl.layers.batchNormalization({}),
      tfl.layers.reLU(),
      dropoutLayer({ rate: 0.2, seed: 3 }),
      tfl.layers.dense({ units: 2, kernelInitializer: initializer(2) }),
    ],
  });
  const random = new Random('noise');
  const step = trainStep<Batch>(
    {
      loss: ({ x, y }) => {
        const noisy = tf.add(x, randomNormal(x.shape, { random, standardDeviation: 0.05 })) as Tensor2D;
        const error = tf.losses.meanSquaredError(y, model.apply(noisy, { training: true }) as Tensor) as Scalar;
        const weight = scheduledScalar((k) => 0.01 * k);
        const penalty = tf.mul(weight, tf.mean(tf.square(model.layers[0]!.trainableWeights[0]!.read()))) as Scalar;
        return { loss: tf.add(error, penalty) as Scalar, error, penalty };
      },
      variables: () => namedVariables(model),
    },
    {
      optimizer: adamW({ learningRate: linearWarmup({ steps: 5, to: cosine({ from: 0.02, steps: 60 }) }) }),
      transforms: [accumulate(batches), clipByNorm(1), average({ decay: 0.9 })],
    },
  );
  const data = makeData();
  return {
    model,
    step,
    data,
    dispose() {
      step.dispose();
      model.dispose();
    },
  };
}

/** The SHA-256 of all variables of a step. */
export async function fingerprint(variables: NamedVariables): Promise<string> {
  const hash = createHash('sha256');
  for (const name of Object.keys(variables).sort()) {
    const values = await variables[name]!.data();
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
