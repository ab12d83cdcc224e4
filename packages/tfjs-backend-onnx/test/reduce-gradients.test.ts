import { gradientCheck } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { registerOnnxBackend } from '../src/index.js';

beforeAll(() => registerOnnxBackend({ hostThreshold: 32 }));

describe.each(['onnx', 'cpu'])('gradients of sum and mean on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));
  const x = () => tf.tidy(() => tf.reshape(tf.sin(tf.range(0, 24)), [2, 3, 4]));

  it.each([
    [undefined, false],
    [0, false],
    [-1, true],
    [[0, 2], false],
    [[1, 2], true],
    [[], false],
  ] as const)('over axes %j, kept %s', (axis, keepDims) => {
    const input = x();
    const axes = axis as number | number[] | undefined;
    gradientCheck((v) => tf.sum(tf.square(tf.sum(v!, axes, keepDims))), [input]);
    gradientCheck((v) => tf.sum(tf.square(tf.mean(v!, axes, keepDims))), [input]);
    input.dispose();
  });

  it('have gradients themselves', () => {
    const input = x();
    const second = tf.grad((v) => tf.sum(tf.square(tf.grad((u) => tf.mean(tf.mul(tf.square(u), u)))(v))));
    const closed = tf.tidy(() => tf.div(tf.mul(36, tf.pow(input, 3)), 24 * 24));
    expect(second(input)).toBeAllclose(closed, { atol: 1e-6 });
    tf.dispose([input, closed]);
  });
});

it('gradients of sum and mean make no tensor of ones', async () => {
  await tf.setBackend('onnx');
  const large = tf.tensor1d(new Float32Array(2 ** 20));
  const write = vi.spyOn(tf.backend(), 'write');
  for (const reduce of [tf.sum, tf.mean])
    tf.tidy(
      () =>
        void tf
          .grad((v) => reduce(v))(large)
          .dataSync(),
    );
  expect(write).toHaveBeenCalled();
  for (const [values] of write.mock.calls) expect(values.length).toBeLessThan(1000);
  large.dispose();
});
