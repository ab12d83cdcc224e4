import { Random, randomNormal } from '@crossmodal/core';
import { expectNoLeak } from '@crossmodal/testkit';
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { spectralNorm } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';

useTestBackend();

it('equals torch for a dense kernel', () => {
  const { tensor, value, options, tolerance } = goldenCase('spectral_norm_dense');
  const kernel = tf.transpose(tensor('in.w')); // torch: [out, in]
  const actual = spectralNorm(kernel, tensor('in.u') as Tensor1D, { iterations: options['n_iters'] as number });
  expect(tf.transpose(actual.normalized)).toBeAllclose(tensor('out.w_sn'), tolerance);
  expect(actual.sigma).toBeAllclose(value('sigma'), tolerance);
  expect(actual.u).toBeAllclose(tensor('out.u_next'), tolerance);
  expect(actual.v).toBeAllclose(tensor('out.v_next'), tolerance);
});

it('equals torch for a convolution kernel, and comes near the largest singular value', () => {
  const { tensor, value, options, tolerance } = goldenCase('spectral_norm_conv');
  const kernel = tf.transpose(tensor('in.w'), [2, 3, 1, 0]) as Tensor4D; // OIHW -> HWIO
  const few = spectralNorm(kernel, tensor('in.u') as Tensor1D, { iterations: options['n_iters'] as number });
  expect(tf.transpose(few.normalized, [3, 2, 0, 1])).toBeAllclose(tensor('out.w_sn'), tolerance);
  expect(few.sigma).toBeAllclose(value('sigma'), tolerance);
  const many = spectralNorm(kernel, tensor('in.u') as Tensor1D, { iterations: 200 });
  expect(many.sigma).toBeAllclose(value('sigma_exact'), { rtol: 1e-4 });
});

it('takes the single singular value of a rank-one matrix in one round, and survives zeros', () => {
  const left = randomNormal([4, 1], { random: new Random(1) });
  const right = randomNormal([1, 3], { random: new Random(2) });
  const matrix = tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D);
  const { sigma } = spectralNorm(matrix, tf.ones([3]));
  expect(sigma).toBeAllclose(tf.mul(tf.norm(left), tf.norm(right)), { rtol: 1e-5 });
  expect(spectralNorm(tf.zeros([4, 3]), tf.ones([3])).sigma).toBeAllclose(0);
});

it('refuses vectors of another length, and leaves nothing behind', async () => {
  const kernel = tf.ones([4, 3]);
  expect(() => spectralNorm(kernel, tf.ones([4]))).toThrow('kernel must be [..., out] and u [out], got [4,3] and [4]');
  expect(() => spectralNorm(kernel, tf.ones([3]), { iterations: 0 })).toThrow('at least 1, got 0');
  const u = tf.ones([3]) as Tensor1D;
  await expectNoLeak(() => ({ ...spectralNorm(kernel, u) }));
});
