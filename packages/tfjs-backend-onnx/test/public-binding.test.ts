import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../src/index.js';

/** A version of onnxruntime-node whose addon is not the known one: only the public, asynchronous interface is left. */
describe('without the synchronous addon', () => {
  beforeAll(async () => {
    process.env['TFJS_ONNX_BINDING'] = 'public';
    registerOnnxBackend({ threads: 1, hostThreshold: 32 });
    await tf.setBackend('onnx');
  });
  afterAll(() => {
    delete process.env['TFJS_ONNX_BINDING'];
  });

  it('data() computes, several reads at once included', async () => {
    const x = tf.reshape(tf.range(0, 100), [10, 10]) as tf.Tensor2D;
    const [y, z] = [tf.matMul(x, x), tf.sqrt(x)];
    const first = y.data();
    // Recorded while the first computation is under way.
    const w = tf.add(z, y);
    const [a, b, c] = await Promise.all([first, z.data(), w.data()]);
    expect(a[0]).toBe(2850);
    expect(b[99]).toBeCloseTo(Math.sqrt(99), 5);
    expect(c[0]).toBe(2850);
    expect(await w.data()).toEqual(c);
    tf.dispose([x, y, z, w]);
  });

  it('dataSync() says what to do, and works once the numbers are there', async () => {
    const y = tf.sqrt(tf.range(0, 100));
    expect(() => y.dataSync()).toThrow(/use await tensor.data\(\), or install onnxruntime-node 1\.30\.0/);
    await y.data();
    expect(y.dataSync()[81]).toBe(9);
    y.dispose();
  });

  it('trains, and compiled functions run as they are', async () => {
    const model = tfl.sequential();
    model.add(tfl.layers.dense({ units: 1, inputShape: [8], kernelInitializer: 'zeros' }));
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const x = tf.randomNormal([32, 8], 0, 1, 'float32', 1);
    const y = tf.sum(x, 1, true);
    const { history } = await model.fit(x, y, { epochs: 20, batchSize: 32, verbose: 0 });
    expect(history['loss']![19]).toBeLessThan(0.1 * (history['loss']![0] as number));
    let calls = 0;
    const f = compile((v: tf.Tensor) => {
      calls++;
      return tf.sum(tf.square(v));
    });
    for (let i = 0; i < 4; i++) expect((await f(tf.ones([64])).data())[0]).toBe(64);
    expect(calls).toBe(4);
  });

  it('errors reach whoever reads', async () => {
    const side = tf.add(tf.range(0, 2_000_000), 0);
    const huge = tf.sum(tf.add(tf.reshape(side, [-1, 1]), side));
    await expect(huge.data()).rejects.toThrow(/kernel Add/);
    tf.dispose([side, huge]);
    expect((await tf.sqrt(tf.range(0, 100)).data())[4]).toBe(2);
  });
});
