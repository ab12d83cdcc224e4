import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { beforeAll, expect, it, vi } from 'vitest';
import { compile, registerOnnxBackend } from '../../src/index.js';
import { collectGarbage } from '../../src/update/collect-garbage.js';

vi.mock(import('../../src/update/collect-garbage.js'), async (original) => {
  const { collectGarbage: collect } = await original();
  return { collectGarbage: vi.fn(collect) };
});

beforeAll(async () => {
  registerOnnxBackend({ threads: 2 });
  await tf.setBackend('onnx');
});

it('what large variables leave is freed when they move, once', async () => {
  const size = 2 ** 21;
  const w = tf.variable(tf.ones([size]));
  const x = tf.ones([size]);
  const optimizer = tf.train.adam(0.1);
  const step = compile(
    (input: tf.Tensor) => optimizer.minimize(() => tf.sum(tf.mul(w, input)) as tf.Scalar, true, [w])!,
  );
  step(x).dispose();
  const old = new WeakRef(w.dataSync() as Float32Array);
  await new Promise((resolve) => setTimeout(resolve));
  expect(collectGarbage).not.toHaveBeenCalled();
  step(x).dispose();
  expect(collectGarbage).toHaveBeenCalledTimes(1);
  await new Promise((resolve) => setTimeout(resolve));
  expect(old.deref()).toBeUndefined();
  for (let i = 0; i < 3; i++) {
    w.dataSync();
    step(x).dispose();
  }
  expect(collectGarbage).toHaveBeenCalledTimes(1);
  step.dispose();
  tf.dispose([w, x]);
  optimizer.dispose();
});
