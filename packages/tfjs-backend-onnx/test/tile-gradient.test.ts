import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { gradientCheck } from '@crossmodal/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ hostThreshold: 32 });
  await tf.setBackend('onnx');
});

describe('gradient of tile', () => {
  it.each([
    [[3], [4]],
    [
      [2, 3],
      [3, 1],
    ],
    [
      [2, 1, 3],
      [2, 5, 2],
    ],
    [
      [1, 2, 1, 2, 2],
      [2, 1, 3, 2, 1],
    ],
  ])('of [%s] by [%s] sums the repetitions', (shape, reps) => {
    const x = tf.tidy(() => tf.reshape(tf.sin(tf.range(0, tf.util.sizeFromShape(shape))), shape));
    const tiledShape = shape.map((size, i) => size * reps[i]!);
    const weight = tf.tidy(() => tf.reshape(tf.cos(tf.range(0, tf.util.sizeFromShape(tiledShape))), tiledShape));
    gradientCheck((input) => tf.sum(tf.mul(tf.square(tf.tile(input!, reps)), weight)), [x]);
    const gradient = tf.grad((input) => tf.sum(tf.tile(input, reps)))(x);
    expect(gradient).toBeAllclose(tf.fill(shape, tf.util.sizeFromShape(reps)));
  });
});
