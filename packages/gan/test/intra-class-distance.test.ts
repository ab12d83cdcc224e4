import { expectNoLeak } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { intraClassDistance } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

describe('intraClassDistance', () => {
  it('is the mean over classes of the mean distance of two of one class', async () => {
    const features = tf.tensor2d([
      [0, 0],
      [3, 4], // 5 from the first
      [9, 9],
      [9, 10],
      [9, 12], // 1, 2 and 3 apart: 2 in the mean
      [50, 50], // alone
    ]);
    expect(await intraClassDistance(features, ['a', 'a', 'b', 'b', 'b', 'c'])).toBeCloseTo((5 + 2) / 2, 6);
  });

  it('is zero when each class has one sample only, over and over, however far the classes are', async () => {
    const features = tf.tensor2d([
      [1, 2],
      [100, 2],
      [1, 2],
      [100, 2],
    ]);
    expect(await intraClassDistance(features, [0, 1, 0, 1])).toBe(0);
  });

  it('names what is wrong, and leaves nothing behind', async () => {
    const features = tf.zeros<tf.Rank.R2>([3, 2]);
    await expectNoLeak(async () => void (await intraClassDistance(features, [0, 0, 1])));
    await expect(intraClassDistance(features, [0, 1])).rejects.toThrow('got 3 rows and 2 classes');
    await expect(intraClassDistance(features, [0, 1, 2])).rejects.toThrow('a class of two rows or more is needed');
    await expect(intraClassDistance(tf.fill([2, 2], Number.NaN), [0, 0])).rejects.toThrow('features must be finite');
    for (const bad of [Number.NaN, 2 ** 53, 0.5]) {
      await expect(intraClassDistance(features, [0, 0, bad])).rejects.toThrow(
        `classes must be whole numbers up to 2^53 - 1 or texts, got ${bad} at position 2`,
      );
    }
    await expect(intraClassDistance(features, Float32Array.of(0, 16777216, 16777217))).rejects.toThrow(
      'must be below 2^24',
    );
  });
});
