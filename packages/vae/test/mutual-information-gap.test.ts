import { readFileSync } from 'node:fs';
import { Random } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { mutualInformationGap } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

interface Golden {
  latents: number[][];
  factors: Record<'shape' | 'place', number[]>;
  shares: Record<string, number[]>;
  gaps: Record<string, number>;
  gap: number;
}

const golden = JSON.parse(
  readFileSync(new URL('./golden/mutual-information-gap.json', import.meta.url), 'utf8'),
) as Golden;

describe('mutualInformationGap', () => {
  it('equals scikit-learn on bins of NumPy', async () => {
    const { gap, gaps, shares } = await mutualInformationGap(tf.tensor2d(golden.latents), golden.factors);
    expect(gap).toBeCloseTo(golden.gap, 6);
    for (const name of ['shape', 'place']) {
      expect(gaps[name]).toBeCloseTo(golden.gaps[name]!, 6);
      expect(shares[name]).toBeAllclose(golden.shares[name]!, { atol: 1e-6 });
    }
  });

  const factors = { colour: ['red', 'blue', 'red', 'blue'], size: [1, 1, 2, 2] };

  it('is 1 when each factor has a dimension of its own, in whatever order', async () => {
    const latents = tf.tensor2d([
      [5, 0, 0],
      [5, 1, 0],
      [7, 0, 0],
      [7, 1, 0],
    ]);
    const { gap, shares } = await mutualInformationGap(latents, factors);
    expect(gap).toBeCloseTo(1, 12);
    expect(shares['colour']).toBeAllclose([0, 1, 0], { atol: 1e-12 });
    expect(shares['size']).toBeAllclose([1, 0, 0], { atol: 1e-12 });
  });

  it('is 0 when two dimensions know the same, and when none knows anything', async () => {
    const twice = [0, 1, 0, 1].map((colour, row) => [colour, -colour, row > 1 ? 1 : 0, row > 1 ? 3 : 2]);
    expect((await mutualInformationGap(tf.tensor2d(twice), factors)).gap).toBeCloseTo(0, 12);
    expect((await mutualInformationGap(tf.ones([4, 2]), factors)).gap).toBe(0);
  });

  it('is near 0 for latents that have nothing to do with the factors', async () => {
    const random = new Random(1);
    const latents = tf.tensor2d(
      Array.from({ length: 3000 }, () => [random.normal(), random.normal(), random.normal()]),
    );
    const shape = Array.from({ length: 3000 }, () => random.integer(3));
    expect((await mutualInformationGap(latents, { shape })).gap).toBeLessThan(0.01);
  });

  it.each([
    [
      'rows without a value',
      () => mutualInformationGap(tf.ones([4, 2]), { size: [1, 2, 3] }),
      'each of 4 rows needs a value of size, got 3',
    ],
    [
      'a factor of one value',
      () => mutualInformationGap(tf.ones([2, 2]), { size: [1, 1] }),
      'size must take two values or more',
    ],
    ['no factor', () => mutualInformationGap(tf.ones([2, 2]), {}), 'needs a factor or more, got none'],
    ['one dimension', () => mutualInformationGap(tf.ones([2, 1]), { size: [1, 2] }), 'two dimensions or more'],
    [
      'another rank',
      () => mutualInformationGap(tf.ones([4]) as never, { size: [1, 2, 3, 4] }),
      'latents must be [rows, dimension]',
    ],
    [
      'NaN',
      () =>
        mutualInformationGap(
          tf.tensor2d([
            [0, 1],
            [Number.NaN, 1],
          ]),
          { size: [1, 2] },
        ),
      'must be finite, got NaN in row 1',
    ],
    [
      'no bins',
      () => mutualInformationGap(tf.ones([2, 2]), { size: [1, 2] }, { bins: 1 }),
      'bins must be an integer of at least 2, got 1',
    ],
    [
      'an unknown option',
      () => mutualInformationGap(tf.ones([2, 2]), { size: [1, 2] }, { bin: 3 } as never),
      "there is no option 'bin'",
    ],
  ])('refuses %s', async (_name, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });

  it('leaves no tensors behind', async () => {
    const latents = tf.tensor2d(golden.latents);
    const before = tf.memory().numTensors;
    await mutualInformationGap(latents, golden.factors);
    expect(tf.memory().numTensors).toBe(before);
    await expect(mutualInformationGap(latents, { shape: [1] })).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });
});
