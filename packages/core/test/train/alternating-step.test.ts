import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { expectNoLeak } from '@crossmodal/testkit';
import { describe, expect, test } from 'vitest';
import { Random, randomNormal } from '../../src/index.js';
import { adamW, sgd } from '../../src/optimisers/index.js';
import { alternatingStep } from '../../src/train/index.js';
import { backends, useBackendHere } from '../device/backends.js';

const value = (scalar: Scalar | undefined): number => scalar!.dataSync()[0]!;
interface Batch extends tf.TensorContainerObject {
  x: Scalar;
}
const batchOf = (x: number): Batch => ({ x: tf.scalar(x) });

describe.each(backends)('on %s', (device) => {
  useBackendHere(device);

  test('players move in turn, each seeing what the one before did', () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(1));
    const step = alternatingStep<Batch>([
      { name: 'first', loss: () => tf.mul(a, b) as Scalar, variables: { a }, optimizer: sgd({ learningRate: 0.1 }) },
      {
        name: 'second',
        loss: () => tf.neg(tf.mul(a, b)) as Scalar,
        variables: { b },
        optimizer: sgd({ learningRate: 0.1 }),
        repeat: 2,
      },
    ]);
    const batch = batchOf(1);
    let [x, y] = [1, 1];
    for (let i = 0; i < 5; i++) {
      const first = x * y;
      x -= 0.1 * y;
      y += 0.1 * x;
      const second = -x * y;
      y += 0.1 * x;
      const metrics = step.run(batch);
      expect(value(metrics['first/loss'])).toBeCloseTo(first, 4);
      expect(value(metrics['second/loss'])).toBeCloseTo(second, 4);
      expect(a.dataSync()[0]).toBeCloseTo(x, 4);
      expect(b.dataSync()[0]).toBeCloseTo(y, 4);
    }
    expect(step.hostState()).toEqual({ runs: 5, 'first/updates': 5, 'second/updates': 10 });
    expect(Object.keys(step.namedState()).sort()).toEqual(['model/a', 'model/b']);
    step.dispose();
  });

  test("a repeated player's schedule and random numbers advance with each repeat", () => {
    const a = tf.variable(tf.scalar(0));
    const random = new Random(4);
    const seen: number[] = [];
    const step = alternatingStep<Batch>([
      {
        name: 'p',
        loss: () => ({ loss: tf.mul(a, 1) as Scalar, draw: tf.sum(randomNormal([1], { random })) as Scalar }),
        variables: { a },
        optimizer: sgd({ learningRate: (k) => k + 1 }),
        repeat: 3,
      },
    ]);
    const batch = batchOf(1);
    let total = 0;
    for (let i = 0; i < 4; i++) {
      seen.push(value(step.run(batch)['p/draw']));
      total += 3 * i + 1 + (3 * i + 2) + (3 * i + 3);
      expect(a.dataSync()[0]).toBeCloseTo(-total, 3);
    }
    expect(new Set(seen).size).toBe(4);
    step.dispose();
  });

  test('gradients of a player are averaged over rounds, the others move meanwhile', async () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(1));
    const rate = 0.1;
    const step = alternatingStep<Batch>([
      {
        name: 'slow',
        loss: ({ x }) => tf.mul(x, tf.mul(tf.square(a), b)) as Scalar,
        variables: { a },
        optimizer: sgd({ learningRate: rate }),
        accumulate: 3,
      },
      {
        name: 'fast',
        loss: ({ x }) => tf.mul(tf.mul(a, b), x) as Scalar,
        variables: { b },
        optimizer: sgd({ learningRate: rate }),
      },
    ]);
    let [p, q, sum] = [1, 1, 0];
    for (let i = 0; i < 7; i++) {
      const x = 1 + 0.3 * i;
      sum += (2 * x * p * q) / 3;
      if (i % 3 === 2) {
        p -= rate * sum;
        sum = 0;
      }
      q -= rate * x * p;
      step.run(batchOf(x));
      expect(value(a as unknown as Scalar)).toBeCloseTo(p, 4);
      expect(value(b as unknown as Scalar)).toBeCloseTo(q, 4);
    }
    expect(step.hostState()).toEqual({ runs: 7, 'slow/updates': 2, 'fast/updates': 7 });
    // What was collected belongs to the run: two thirds of a round are under way.
    expect(value(step.namedState()['slow/accumulator/a'] as unknown as Scalar)).toBeCloseTo(sum, 4);
    const batch = batchOf(1);
    for (let i = 0; i < 3; i++) tf.dispose(step.run(batch));
    await expectNoLeak(() => step.run(batch));
    step.dispose();
  });
});

test('what is given to players is checked', () => {
  const v = tf.variable(tf.scalar(1));
  const seat = (options: { repeat?: number; accumulate?: number }) => () =>
    alternatingStep([
      {
        name: 'p',
        loss: () => v as unknown as Scalar,
        variables: { v },
        optimizer: adamW({ learningRate: 1 }),
        ...options,
      },
    ]);
  expect(seat({ accumulate: 0 })).toThrow(/accumulate of 'p' must be an integer >= 1, got 0/);
  expect(seat({ repeat: 1.5 })).toThrow(/repeat of 'p' must be an integer >= 1, got 1.5/);
  expect(seat({ repeat: 2, accumulate: 2 })).toThrow(/'p' has both repeat \(2\) and accumulate \(2\)/);
});
