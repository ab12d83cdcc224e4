import { useDevice } from '@crossmodal/core/device';
import { expectNoLeak } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { pairEncoder } from '../src/entries/alignment/model.js';
import { withOwnStatistics } from '../src/entries/style-retrieval/own-statistics.js';

test('while measuring, statistics are those of the pictures; afterwards, and after an error, the moving ones are back', async () => {
  await useDevice('cpu');
  const { model } = pairEncoder({ size: 8, channels: [3, 4], dimension: 4 }, { captions: ['a dog a dog'], seed: 1 });
  const named = Object.entries(model.namedVariables());
  const variable = (pattern: RegExp) => named.find(([name]) => pattern.test(name))![1];
  const mean = variable(/image\/.*batch_normalization[^/]*\/moving_mean/);
  const moving = () => named.flatMap(([name, value]) => (name.includes('moving') ? [...value.dataSync()] : []));
  const pixels = tf.randomNormal([6, 8, 8, 3], 1, 2, 'float32', 3) as tf.Tensor4D;
  const kernel = variable(/image\/.*conv2d[^/]*\/kernel/) as unknown as tf.Tensor4D;
  const expected = tf.mean(tf.conv2d(pixels, kernel, 1, 'same'), [0, 1, 2]);
  const before = moving();
  const inside = await withOwnStatistics(model, { pixels }, async () => [...mean.dataSync()]);
  expect(tf.tensor1d(inside)).toBeAllclose(expected, { rtol: 1e-3, atol: 1e-4 });
  expect(moving()).toEqual(before);
  const failing = withOwnStatistics(model, { pixels }, () => Promise.reject(new Error('no measure')));
  await expect(failing).rejects.toThrow('no measure');
  expect(moving()).toEqual(before);
  await expectNoLeak(() => withOwnStatistics(model, { pixels }, async () => {}));
});
