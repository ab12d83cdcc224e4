import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, profile, registerOnnxBackend } from '../src/index.js';

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

  it('counts the bytes that operators and updates read and write', () => {
    const x = random(64);
    const { kernels, operators, bytes } = profile(() => tf.matMul(x, x));
    // Two matrices in, one out.
    expect(kernels[0]).toMatchObject({ kernel: 'BatchMatMul', bytes: 3 * 4 * 64 * 64 });
    expect(bytes).toBe(operators.reduce((sum, row) => sum + row.bytes, 0));

    const w = tf.variable(random(64));
    const optimizer = tf.train.adam(0.1);
    const step = compile(() => optimizer.minimize(() => tf.sum(tf.square(tf.matMul(x, w))) as tf.Scalar, true, [w])!);
    tf.dispose([step(), step()]);
    const update = profile(step).kernels.find(({ kernel }) => kernel === '(update of variables)')!;
    // Weight and two moments in and out, the gradient in.
    expect(update.bytes).toBe(7 * 4 * 64 * 64);
    step.dispose();
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
