import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profile, registerOnnxBackend } from '../src/index.js';

/** Rejections that nobody handled. */
const strays: unknown[] = [];
const stray = (reason: unknown) => strays.push(reason);

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
  process.on('unhandledRejection', stray);
});
afterAll(() => void process.off('unhandledRejection', stray));
beforeEach(() => void strays.splice(0));

const random = (side: number) => tf.randomUniform<tf.Rank.R2>([side, side], 0, 1, 'float32', 1);

/** Long enough for Node to report what nobody handled. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('profile', () => {
  it('measures what the function leaves unread', () => {
    const x = random(64);
    const { result, kernels, runs, milliseconds } = profile(() => tf.matMul(x, x));
    expect(kernels[0]?.kernel).toBe('BatchMatMul');
    expect(runs).toBeGreaterThan(0);
    expect(milliseconds).toBeGreaterThan(0);
    expect(result.shape).toEqual([64, 64]);
  });

  it('refuses a promise with a remedy; its rejection goes astray nowhere, and the next profile works', async () => {
    const late = profile.bind(null, async () => {
      await settle();
      throw new Error('late');
    });
    expect(late).toThrow(/profile: .*returned a promise.*not be measured.*optimizer\.minimize/);
    expect(() => profile(() => Promise.reject(new Error('at once')))).toThrow(/returned a promise/);
    await settle();
    await settle();
    expect(strays).toEqual([]);
    expect(profile(() => tf.matMul(random(40), random(40))).kernels).not.toEqual([]);
  });

  it('refuses model.fit; one step of the same model is measured', async () => {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 8, inputShape: [16] })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [tf.ones([32, 16]), tf.zeros([32, 8])];
    let fitting: Promise<unknown> | undefined;
    expect(() =>
      profile(() => {
        fitting = model.fit(x, y, { epochs: 1, verbose: 0 });
        return fitting;
      }),
    ).toThrow(/returned a promise/);
    await fitting;
    const optimizer = tf.train.sgd(0.1);
    const { kernels } = profile(() =>
      optimizer.minimize(
        () => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
      ),
    );
    expect(kernels.map(({ kernel }) => kernel)).toContain('BatchMatMul');
    expect(strays).toEqual([]);
  });

  it('refuses what is no function, and another backend by its name', async () => {
    expect(() => profile(tf.ones([2, 3]) as never)).toThrow(
      /profile: fn must be a function.*got a tensor float32\[2,3\]/,
    );
    await tf.setBackend('cpu');
    expect(() => profile(() => 1)).toThrow(/profile: backend 'onnx' must be active, the active backend is 'cpu'/);
    await tf.setBackend('onnx');
  });
});
