import { useDevice } from '@crossmodal/core/device';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { interpolateVectors } from '../src/index.js';

beforeAll(async () => {
  await useDevice('js');
});

describe('interpolateVectors', () => {
  it('goes in equal steps on a line', () => {
    const between = interpolateVectors(tf.tensor1d([0, 2]), tf.tensor2d([[4, 0]]), { steps: 5 });
    expect(between).toBeAllclose([
      [0, 2],
      [1, 1.5],
      [2, 1],
      [3, 0.5],
      [4, 0],
    ]);
  });

  it('goes in equal angles on a circle', () => {
    const between = interpolateVectors(tf.tensor1d([2, 0]), tf.tensor1d([0, 2]), { steps: 4, path: 'spherical' });
    const expected = [0, 30, 60, 90]
      .map((degrees) => (degrees * Math.PI) / 180)
      .map((w) => [2 * Math.cos(w), 2 * Math.sin(w)]);
    expect(between).toBeAllclose(expected, { atol: 1e-5 });
  });

  it.each([
    ['equal', [1, 2], [1, 2], [1, 2]],
    ['opposite', [1, 2], [-1, -2], [0, 0]],
    ['zero', [0, 0], [1, 2], [0.5, 1]],
  ])('of %s vectors stays finite: it is linear', (_, from, to, middle) => {
    const between = interpolateVectors(tf.tensor1d(from), tf.tensor1d(to), { steps: 3, path: 'spherical' });
    expect(between).toBeAllclose([from, middle, to], { atol: 1e-5 });
  });

  it('names what is wrong, and leaves nothing behind', async () => {
    const [two, three] = [tf.zeros([2]), tf.zeros([3])];
    await expectNoLeak(() => interpolateVectors(two, two, { path: 'spherical' }));
    await expectNoLeakWhenThrowing(() => interpolateVectors(two, three), 'two vectors of equal size and steps >= 2');
    expect(() => interpolateVectors(two, two, { steps: 1 })).toThrow('got [2], [2] and 1');
    expect(() => interpolateVectors(two, two, { path: 'round' as never })).toThrow(
      "'linear' or 'spherical', got \"round\"",
    );
    expect(() => interpolateVectors(two, two, { pace: 2 } as never)).toThrow("there is no option 'pace'");
  });
});
