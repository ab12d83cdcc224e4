import { compile } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { expectNoLeak } from '@crossmodal/testkit';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormalization } from '../../src/layers/index.js';

describe.each(['js', 'cpu'] as const)('batchNormalization on %s', (device) => {
  beforeAll(() => useDevice(device));

  const running = (layer: tfl.layers.Layer) => layer.getWeights().slice(2) as [Tensor, Tensor];

  it('keeps running statistics as torch does', () => {
    const layer = batchNormalization({ inputShape: [1] });
    layer.apply(tf.tensor2d([[0], [1], [2]]), { training: true });
    let [mean, variance] = running(layer);
    expect(mean).toBeAllclose([0.1]);
    expect(variance).toBeAllclose([1]); // 0.9 + 0.1 * 1, the unbiased variance
    // torch.nn.BatchNorm1d(1) after a second batch of [4, 4, 10, 2]: mean 5, unbiased variance 12.
    layer.apply(tf.tensor2d([[4], [4], [10], [2]]), { training: true });
    [mean, variance] = running(layer);
    expect(mean).toBeAllclose([0.59]);
    expect(variance).toBeAllclose([0.9 + 1.2]);
  });

  it('counts all places of a channel', () => {
    const layer = batchNormalization({ inputShape: [2, 2, 2] });
    const x = tf.randomNormal([3, 2, 2, 2], 1, 2, 'float32', 1);
    layer.apply(x, { training: true });
    const { variance } = tf.moments(x, [0, 1, 2]);
    expect(running(layer)[1]).toBeAllclose(tf.add(0.9, tf.mul(variance, (0.1 * 12) / 11)));
  });

  it('leaves outputs, evaluation and a single value as they were', () => {
    const x = tf.randomNormal([5, 3], 1, 2, 'float32', 2);
    const [own, stock] = [
      batchNormalization({ inputShape: [3] }),
      tfl.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }),
    ];
    for (const training of [false, true]) {
      const [ours, theirs] = [own.apply(x, { training }), stock.apply(x, { training })] as [Tensor, Tensor];
      expect(ours).toBeAllclose(theirs);
    }
    const alone = batchNormalization({ inputShape: [1] });
    alone.apply(tf.tensor2d([[3]]), { training: true });
    expect(running(alone)[1]).toBeAllclose([0.9]);
  });

  it('does so in a compiled step, and leaks nothing', async () => {
    const layer = batchNormalization({ inputShape: [1] });
    layer.apply(tf.zeros([2, 1]));
    const step = compile((x: Tensor) => layer.apply(x, { training: true }) as Tensor);
    const batches = [
      [0, 1, 2],
      [4, 2, 9],
      [1, 1, 5],
      [3, -2, 0],
      [0, 0, 1],
    ];
    let [mean, variance] = [0, 1];
    for (const batch of batches) {
      tf.dispose(step(tf.tensor2d(batch, [3, 1])));
      const average = batch.reduce((sum, v) => sum + v / 3, 0);
      mean = 0.9 * mean + 0.1 * average;
      variance = 0.9 * variance + 0.1 * batch.reduce((sum, v) => sum + (v - average) ** 2 / 2, 0);
    }
    expect(running(layer)[0]).toBeAllclose([mean], { rtol: 1e-4 });
    expect(running(layer)[1]).toBeAllclose([variance], { rtol: 1e-4 });
    step.dispose();
    const x = tf.ones([4, 1]);
    await expectNoLeak(() => layer.apply(x, { training: true }) as Tensor);
  });
});
