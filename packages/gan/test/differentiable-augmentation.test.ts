import { Random, randomNormal } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { differentiableAugmentation } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const images = (seed = 1) => randomNormal<Tensor4D>([5, 8, 6, 2], { random: new Random(seed) });

it('shifts each image by whole pixels and repeats the border', () => {
  const before = images();
  const after = differentiableAugmentation(before, { translation: 0.25, colour: 0, random: new Random(2) });
  const [x, y] = [before.arraySync(), after.arraySync()];
  const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  const shifts = x.map((image, n) => {
    const fits: string[] = [];
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) {
        const same = y[n]!.every((row, i) =>
          row.every((pixel, j) => pixel.every((value, c) => value === image[clamp(i + dy, 8)]![clamp(j + dx, 6)]![c])),
        );
        if (same) fits.push(`${dy},${dx}`);
      }
    }
    expect(fits).toHaveLength(1);
    return fits[0];
  });
  expect(new Set(shifts).size).toBeGreaterThan(1);
});

it('changes colours about the means, a different way for each image', () => {
  const before = tf.tile(tf.slice(images(), 0, 1), [5, 1, 1, 1]) as Tensor4D;
  const after = differentiableAugmentation(before, { translation: 0, colour: 1, random: new Random(3) });
  const shift = tf.sub(tf.mean(after, [1, 2, 3]), tf.mean(before, [1, 2, 3])).dataSync();
  expect(shift.every((value) => Math.abs(value) <= 0.5)).toBe(true);
  expect(new Set(shift).size).toBe(5);
  // Saturation and contrast scale about means: differences of two pixels keep their ratio.
  const grey = (x: Tensor4D) => tf.mean(x, 3);
  const difference = (x: tf.Tensor) => tf.sub(tf.slice(x, [0, 0, 0], [5, 4, 6]), tf.slice(x, [0, 4, 0], [5, 4, 6]));
  const ratio = tf.div(difference(grey(after)), difference(grey(before)));
  const spread = tf.sub(tf.max(ratio, [1, 2]), tf.min(ratio, [1, 2]));
  expect(tf.max(tf.abs(spread))).toBeAllclose(0, { atol: 1e-3 });
});

it('is the identity without strength, repeats by seed, and has the right gradient', () => {
  const x = images();
  expect(differentiableAugmentation(x, { translation: 0, colour: 0, random: new Random(1) })).toBeAllclose(x);
  const seeded = (seed: number) => differentiableAugmentation(x, { random: new Random(seed) });
  expect(seeded(4)).toBeAllclose(seeded(4));
  expect(() => expect(seeded(4)).toBeAllclose(seeded(5))).toThrow();
  gradientCheck(
    (input) => tf.mean(tf.square(differentiableAugmentation(input as Tensor4D, { random: new Random(6) }))) as Scalar,
    [x],
  );
});

it('refuses vectors and strengths outside [0, 1], and leaves nothing behind', async () => {
  expect(() => differentiableAugmentation(tf.zeros([2, 3]) as never, { random: new Random(1) })).toThrow('got [2,3]');
  const x = images();
  expect(() => differentiableAugmentation(x, { colour: 2, random: new Random(1) })).toThrow(
    'colour must be from 0 to 1, got 2',
  );
  await expectNoLeak(() => differentiableAugmentation(x, { random: new Random(1) }));
  await expectNoLeakWhenThrowing(
    () => differentiableAugmentation(x, { translation: -1, random: new Random(1) }),
    'differentiableAugmentation: translation must be fr',
  );
});
