import '@tensorflow/tfjs-layers';
import { allclose, expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDevice } from '../src/device/index.js';

beforeAll(() => useDevice('js'));

describe('leak checks', () => {
  it('pass what returns all it makes, and fail what does not', async () => {
    await expectNoLeak(() => tf.ones([2]));
    const leaking = () => {
      tf.ones([2]);
      return tf.zeros([1]);
    };
    await expect(expectNoLeak(leaking)).rejects.toThrow('1 tensors more');
  });

  it('fail for a function that throws at once', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    await expect(expectNoLeak(broken)).rejects.toThrow('broken');
    await expect(expectNoLeakWhenThrowing(broken, 'another reason')).rejects.toThrow('got: broken');
    await expectNoLeakWhenThrowing(broken, /^broken$/);
    await expect(expectNoLeakWhenThrowing(() => tf.ones([1]), 'broken')).rejects.toThrow('did not throw');
    const leaking = () => {
      tf.ones([2]);
      throw new Error('broken');
    };
    await expect(expectNoLeakWhenThrowing(leaking, 'broken')).rejects.toThrow('1 tensors more');
  });
});

describe('closeness', () => {
  it('fails where there is nothing to compare, or everything is allowed', () => {
    expect(allclose([], [])).toContain('nothing to compare');
    expect(allclose([1], [9], { atol: Number.POSITIVE_INFINITY })).toContain('tolerances must be finite');
    expect(allclose([1], [9], { rtol: Number.NaN })).toContain('tolerances must be finite');
    expect(allclose([1], [1 + 1e-15], { rtol: 0, atol: 0 })).toContain('1 of 1 values differ');
    expect(allclose([Number.NaN], [1])).toContain('1 of 1 values differ');
    expect(allclose([1, 2], [1, 2 + 1e-9])).toBeUndefined();
  });
});

describe('gradient checks', () => {
  const square = (x: tf.Tensor) => tf.sum(tf.square(x)) as Scalar;
  it('pass right gradients and fail wrong ones', () => {
    gradientCheck(square, [tf.tensor1d([1, -2])]);
    const wrong = tf.customGrad((x) => ({
      value: tf.sum(tf.square(x as tf.Tensor)),
      gradFunc: (dy) => tf.mul(dy, x as tf.Tensor),
    }));
    expect(() => gradientCheck((x) => wrong(x) as Scalar, [tf.tensor1d([1, -2])])).toThrow('analytic');
  });

  it('fail where nothing is checked', () => {
    expect(() => gradientCheck(square, [])).toThrow('needs inputs and directions, got 0 and 2');
    expect(() => gradientCheck(square, [tf.ones([1])], { directions: 0 })).toThrow('got 1 and 0');
    expect(() => gradientCheck((x) => tf.mul(0, tf.sum(x)) as Scalar, [tf.ones([3])])).toThrow(
      'so nothing was checked',
    );
  });
});
