import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { manifest, oneCaption, padded, pipeline, type Row, type Source, scalars } from '../../src/data/index.js';
import { adamW } from '../../src/optimisers/index.js';
import { fit, trainStep } from '../../src/train/index.js';
import { useTestBackend } from '../device/backends.js';
import { temporaryFolder } from './temporary.js';

const temporary = temporaryFolder();
useTestBackend();

/** Pictures with three captions each: the number of letters has to be predicted from the codes. */
const path = temporary.write(
  'captions.jsonl',
  Array.from({ length: 37 }, (_, i) =>
    JSON.stringify({ text: ['a', 'bb', 'ccc'].map((word) => `${word} ${i}`), image: `${i}.png` }),
  ).join('\n'),
);

interface Batch {
  [name: string]: tf.TensorContainer;
  text: { values: tf.Tensor; mask: tf.Tensor2D };
  target: tf.Tensor1D;
}

function data(rows: readonly Row[] | Source<Row>) {
  return pipeline(rows)
    .shuffle({ seed: 3, buffer: 10 })
    .map(oneCaption, { seed: 4, concurrency: 3 })
    .map(
      (row, { random }) => ({
        codes: Array.from(row.text as string, (character) => character.charCodeAt(0) / 128 + 0.01 * random.uniform()),
        count: (row.text as string).length,
      }),
      { seed: 5 },
    )
    .bucketByLength({ length: (row) => row.codes.length, boundaries: [4, 5], batchSize: 4 })
    .collate({
      text: padded((row) => row.codes, { dtype: 'float32', minimum: 8 }),
      target: scalars((row) => row.count),
    })
    .prefetch(2);
}

async function train(rows: readonly Row[] | Source<Row>, steps: number[], folder: string): Promise<Float32Array> {
  let weights = new Float32Array();
  for (const until of steps) {
    const weight = tf.tidy(() => tf.variable(tf.fill([8], 0.1)));
    const optimizer = adamW({ learningRate: 0.01 });
    const step = trainStep<Batch>(
      {
        loss: ({ text, target }) => {
          const predicted = tf.sum(tf.mul(tf.mul(text.values, text.mask), weight), 1);
          return tf.mean(tf.squaredDifference(predicted, target)) as tf.Scalar;
        },
        variables: [weight],
      },
      { optimizer, compile: false },
    );
    await fit(step, data(rows), { steps: until, checkpoint: { folder, everySteps: 1 }, progress: false });
    weights = Float32Array.from(await weight.data());
    step.dispose();
    optimizer.dispose();
    weight.dispose();
  }
  return weights;
}

describe('fit on a pipeline', () => {
  it.each<[string, () => Promise<readonly Row[] | Source<Row>>]>([
    ['rows in memory', () => manifest(path).toArray()],
    ['a stream', async () => manifest(path)],
  ])('%s: stopped and resumed anywhere, it ends with the same bits', async (name, open) => {
    const rows = await open();
    const whole = await train(rows, [25], join(temporary.path, `${name} whole`));
    const parts = await train(rows, [1, 4, 11, 12, 25], join(temporary.path, `${name} parts`));
    expect(parts).toEqual(whole);
    expect(whole).not.toEqual(new Float32Array(8).fill(Math.fround(0.1)));
  });

  it('leaves no tensor behind, stopped in the middle of an epoch', async () => {
    const rows = await manifest(path).toArray();
    await train(rows, [5], join(temporary.path, 'warm'));
    const before = tf.memory().numTensors;
    await train(rows, [5], join(temporary.path, 'count'));
    expect(tf.memory().numTensors).toBe(before);
  });
});
