import { Random, randomUniform } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { peakSignalToNoiseRatio, structuralSimilarity } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';

useTestBackend();

it.each(['image_grey', 'image_colour'])('equals scikit-image on %s', (name) => {
  const { tensor, value, tolerance, options } = goldenCase(name);
  const batch = (x: Tensor) => tf.reshape(x, [1, x.shape[0]!, x.shape[1]!, x.shape[2] ?? 1]) as Tensor4D;
  const [a, b] = [batch(tensor('in.a')), batch(tensor('in.b'))];
  expect(peakSignalToNoiseRatio(a, b)).toBeAllclose([value('psnr')], tolerance);
  expect(structuralSimilarity(a, b)).toBeAllclose([value('ssim_gaussian')], tolerance);
  const uniform = structuralSimilarity(a, b, { window: 'uniform', size: options['win'] as number });
  expect(uniform).toBeAllclose([value('ssim_uniform')], tolerance);
});

it('is one for equal images, symmetric, and one number per image', () => {
  const draw = (seed: number) => randomUniform<Tensor4D>([3, 12, 14, 2], { random: new Random(seed) });
  const [a, b] = [draw(1), draw(2)];
  expect(structuralSimilarity(a, a)).toBeAllclose([1, 1, 1], { rtol: 1e-5 });
  expect(structuralSimilarity(a, b)).toBeAllclose(structuralSimilarity(b, a), { rtol: 1e-5 });
  const first = structuralSimilarity(tf.slice(a, 0, 1), tf.slice(b, 0, 1));
  expect(tf.slice(structuralSimilarity(a, b), 0, 1)).toBeAllclose(first, { rtol: 1e-5 });
  expect(peakSignalToNoiseRatio(tf.zeros([1, 2, 2, 1]), tf.fill([1, 2, 2, 1], 0.1))).toBeAllclose([20], { rtol: 1e-4 });
});

it('refuses small images and unequal ones, and leaves nothing behind', async () => {
  const [a, b] = [tf.zeros([1, 10, 12, 1]), tf.zeros([1, 12, 12, 1])] as [Tensor4D, Tensor4D];
  expect(() => structuralSimilarity(a, a)).toThrow('at least 11 pixels high and wide, got [1,10,12,1]');
  expect(() => peakSignalToNoiseRatio(a, b)).toThrow('of one shape');
  expect(() => structuralSimilarity(b, b, { window: 'uniform', size: 4 })).toThrow('odd integer of at least 3, got 4');
  await expectNoLeak(() => structuralSimilarity(b, b));
  await expectNoLeakWhenThrowing(
    () => structuralSimilarity(a, b),
    'structuralSimilarity: both must be images [batch, ',
  );
  await expectNoLeak(() => peakSignalToNoiseRatio(b, b));
});
