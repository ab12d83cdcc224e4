import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  hostInput,
  inStepScope,
  Random,
  randomMask,
  randomNormal,
  randomPermutation,
  randomUniform,
} from '../../src/index.js';
import { normalQuantile } from '../../src/random/normal-quantile.js';
import { threefry } from '../../src/random/threefry.js';
import { useTestBackend } from '../device/backends.js';

useTestBackend();

describe('threefry', () => {
  // Known answers of the Random123 distribution, threefry2x32 with 20 rounds.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [-1, -1],
      [-1, -1],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)('key %j, counter %j', ([k0, k1], [c0, c1], expected) => {
    const out = new Uint32Array(2);
    threefry(k0, k1, c0, c1, out);
    expect([...out]).toEqual([...expected]);
  });
});

/** Chi-squared statistic of counts against a uniform distribution, in standard deviations from its mean. */
function chiSquared(counts: number[]): number {
  const mean = counts.reduce((a, b) => a + b) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  const freedom = counts.length - 1;
  return (statistic - freedom) / Math.sqrt(2 * freedom);
}

describe('Random', () => {
  test('repeats with its seed, differs with another, and between forks', () => {
    const draw = (random: Random) => Array.from({ length: 20 }, () => random.uniform());
    expect(draw(new Random(1))).toEqual(draw(new Random(1)));
    const streams = [
      new Random(1),
      new Random(2),
      new Random(-1),
      new Random(2 ** 40 + 1),
      new Random('1'),
      new Random(1).fork('a'),
      new Random(1).fork('b'),
      new Random(1).fork(0),
      new Random(1).fork('a').fork('a'),
    ].map(draw);
    const all = streams.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(() => new Random(0.5)).toThrow('seed must be an integer or a string, got 0.5');
  });

  test('a fork does not depend on what was drawn before', () => {
    const random = new Random(3);
    const early = random.fork('noise').uniform();
    random.uniform();
    expect(random.fork('noise').uniform()).toBe(early);
  });

  test('goes on from its state as JSON', () => {
    const random = new Random('seed');
    for (let i = 0; i < 5; i++) random.normal();
    const copy = Random.fromState(JSON.parse(JSON.stringify(random.state)));
    expect(Array.from({ length: 5 }, () => copy.integer(1000))).toEqual(
      Array.from({ length: 5 }, () => random.integer(1000)),
    );
    expect(() => Random.fromState({} as never)).toThrow('not a state of this generator');
  });

  test('uniform numbers fill their range evenly', () => {
    const random = new Random(11);
    const counts = new Array<number>(100).fill(0);
    const pairs = new Array<number>(100).fill(0);
    let last = random.uniform();
    for (let i = 0; i < 50_000; i++) {
      const value = random.uniform();
      counts[Math.floor(value * 100)]!++;
      pairs[Math.floor(last * 10) * 10 + Math.floor(value * 10)]!++;
      last = value;
    }
    expect(Math.abs(chiSquared(counts))).toBeLessThan(4);
    expect(Math.abs(chiSquared(pairs))).toBeLessThan(4);
  });

  test('integers are without bias, shuffles reach every order', () => {
    const random = new Random(12);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 20_000; i++) counts[random.integer(7)]!++;
    expect(Math.abs(chiSquared(counts))).toBeLessThan(4);
    const orders = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(Math.abs(chiSquared([...orders.values()]))).toBeLessThan(4);
    expect(() => random.integer(0)).toThrow('got 0');
  });

  test('normal numbers have the moments of a normal distribution', () => {
    const values = new Float32Array(200_001);
    new Random(13).fillNormal(values);
    const moment = (power: number) => values.reduce((sum, v) => sum + v ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 2);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(3)).toBeCloseTo(0, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('a short array is the beginning of a long one', () => {
    const [short, long] = [new Float32Array(5), new Float32Array(50)];
    new Random(1).fillUniform(short);
    new Random(1).fillUniform(long);
    expect([...short]).toEqual([...long.subarray(0, 5)]);
  });
});

test('normalQuantile inverts the normal distribution', () => {
  // scipy.stats.norm.ppf
  const known = [
    [0.5, 0],
    [0.6, 0.2533471031357997],
    [0.925, 1.4395314709384563],
    [0.975, 1.959963984540054],
    [0.001, -3.090232306167813],
    [1e-9, -5.9978070150076865],
    [1e-12, -7.034483825301131],
    [1 - 1e-6, 4.753424308822899],
  ] as const;
  for (const [p, expected] of known)
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
});

describe('random tensors', () => {
  test('have the asked distribution', () => {
    const random = new Random(1);
    const normal = randomNormal([500, 200], { random, mean: 3, standardDeviation: 2 });
    const { mean, variance } = tf.moments(normal);
    expect(mean.dataSync()[0]).toBeCloseTo(3, 1);
    expect(variance.dataSync()[0]).toBeCloseTo(4, 0);
    const uniform = randomUniform([100_000], { random, low: -1, high: 3 });
    expect(tf.min(uniform).dataSync()[0]).toBeGreaterThanOrEqual(-1);
    expect(tf.max(uniform).dataSync()[0]).toBeLessThan(3);
    expect(tf.mean(uniform).dataSync()[0]).toBeCloseTo(1, 1);
    expect(tf.mean(randomMask([100_000], { random, probability: 0.2 })).dataSync()[0]).toBeCloseTo(0.2, 1);
    const order = randomPermutation(50, { random });
    expect([...order.dataSync()].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(order.dtype).toBe('int32');
  });

  test('a second draw differs, a missing generator is refused', async () => {
    const random = new Random(1);
    const [a, b] = [randomNormal([4], { random }), randomNormal([4], { random })];
    expect([...a.dataSync()]).not.toEqual([...b.dataSync()]);
    expect(() => randomNormal([4], {} as never)).toThrow('pass { random: new Random(seed) }');
    await expectNoLeak(() => randomNormal([4], { random }));
    await expectNoLeakWhenThrowing(
      () => randomNormal([4], {} as never),
      'randomNormal: options.random must be a Random',
    );
  });

  test('within a step, draws follow from seed, step and place alone', () => {
    const draws = (step: number, before: number) => {
      const random = new Random(5);
      // What was drawn before, in this process, does not matter.
      for (let i = 0; i < before; i++) random.uniform();
      const clock = { step };
      return inStepScope(clock, () => [
        ...randomUniform([3], { random }).dataSync(),
        ...randomUniform([3], { random }).dataSync(),
      ]);
    };
    expect(draws(7, 0)).toEqual(draws(7, 4));
    const all = [...draws(7, 0), ...draws(8, 0)];
    expect(new Set(all).size).toBe(12);
  });
});

test('hostInput fills a tensor', () => {
  expect(hostInput([2, 2], 'int32', (out) => out.set([1, 2, 3, 4]))).toBeAllclose([
    [1, 2],
    [3, 4],
  ]);
});
