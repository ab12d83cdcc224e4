import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import { type Pipeline, pipeline, zip } from '../../src/data/index.js';
import { CrossmodalError, Random } from '../../src/index.js';
import { all } from './temporary.js';

const numbers = Array.from({ length: 50 }, (_, i) => i);
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The same numbers as a stream whose length nobody knows. */
const stream = (count = 50) =>
  pipeline<number>({
    async *iterateFrom(_, start) {
      for (let i = start; i < count; i++) yield i;
    },
  });

describe('stages', () => {
  it('map keeps the order whatever finishes first, and works on several items at once', async () => {
    let running = 0;
    let most = 0;
    const doubled = pipeline(numbers).map(
      async (item) => {
        running++;
        most = Math.max(most, running);
        await sleep(item % 3);
        running--;
        return 2 * item;
      },
      { concurrency: 4 },
    );
    expect(await doubled.toArray()).toEqual(numbers.map((item) => 2 * item));
    expect(most).toBe(4);
    expect(doubled.length).toBe(50);
  });

  it('filter, expand, take, concatenate', async () => {
    const odd = pipeline(numbers).filter((item) => item % 2 === 1);
    expect(await odd.toArray()).toEqual(numbers.filter((item) => item % 2 === 1));
    expect(odd.length).toBeUndefined();
    const twice = pipeline([1, 2]).expand((item) => [item, item * 10]);
    expect(await twice.toArray()).toEqual([1, 10, 2, 20]);
    expect(await stream().take(3).toArray()).toEqual([0, 1, 2]);
    expect(
      await pipeline([1])
        .concatenate(pipeline([2, 3]), pipeline([4]))
        .toArray(),
    ).toEqual([1, 2, 3, 4]);
    expect(await all(stream(2).concatenate(stream(3)).iterateFrom(0, 1))).toEqual([1, 0, 1, 2]);
  });

  it('batch cuts runs, with or without the remainder', async () => {
    expect(await pipeline([1, 2, 3, 4, 5]).batch(2).toArray()).toEqual([[1, 2], [3, 4], [5]]);
    expect(await pipeline([1, 2, 3, 4, 5]).batch(2, { dropRemainder: true }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(pipeline(numbers).batch(7).batchesPerEpoch).toBe(8);
    expect(pipeline(numbers).batch(7, { dropRemainder: true }).batchesPerEpoch).toBe(7);
    expect(await pipeline<number>([]).batch(2).toArray()).toEqual([]);
  });

  it('shuffle permutes an array anew in each epoch, the same for the same seed', async () => {
    const shuffled = pipeline(numbers).shuffle({ seed: 1 });
    const first = await shuffled.toArray();
    expect(first).not.toEqual(numbers);
    expect([...first].sort((a, b) => a - b)).toEqual(numbers);
    expect(await shuffled.toArray()).toEqual(first);
    expect(await shuffled.toArray({ epoch: 1 })).not.toEqual(first);
    expect(await pipeline(numbers).shuffle({ seed: 2 }).toArray()).not.toEqual(first);
  });

  it('shuffle draws from a buffer when the source is a stream', async () => {
    const buffer = 8;
    const order = await stream().shuffle({ seed: 1, buffer }).toArray();
    expect([...order].sort((a, b) => a - b)).toEqual(numbers);
    expect(order).not.toEqual(numbers);
    // Item number i cannot leave before i - buffer others have: it is not in the buffer yet.
    order.forEach((item, position) => {
      expect(item).toBeLessThanOrEqual(position + buffer);
    });
    expect(await stream().shuffle({ seed: 1, buffer: 1 }).toArray()).toEqual(numbers);
    expect(await stream().shuffle({ seed: 1, buffer }).toArray()).toEqual(order);
    expect(await stream().shuffle({ seed: 1, buffer }).toArray({ epoch: 1 })).not.toEqual(order);
    expect(await stream().shuffle({ seed: 2, buffer }).toArray()).not.toEqual(order);
  });

  it('shuffle is uniform: each item is first about equally often', async () => {
    const firsts = new Map<number, number>();
    const shuffled = pipeline([0, 1, 2, 3, 4]).shuffle({ seed: 'uniform' });
    for (let epoch = 0; epoch < 2000; epoch++) {
      const [first] = await all(shuffled.take(1).iterate(epoch));
      firsts.set(first as number, (firsts.get(first as number) ?? 0) + 1);
    }
    // 400 expected, standard deviation 18: five of them.
    for (const count of firsts.values()) expect(Math.abs(count - 400)).toBeLessThan(90);
    expect(firsts.size).toBe(5);
  });

  it('buckets hold items of similar length, and nothing is lost', async () => {
    const random = new Random(3);
    const words = Array.from({ length: 200 }, () => 'x'.repeat(1 + random.integer(40)));
    const batches = await pipeline(words)
      .bucketByLength({ length: (word) => word.length, boundaries: [10, 20], batchSize: (to) => (to === 10 ? 16 : 8) })
      .toArray();
    const bucketOf = (word: string) => (word.length <= 10 ? 0 : word.length <= 20 ? 1 : 2);
    const partial = [0, 0, 0];
    for (const batch of batches) {
      const bucket = bucketOf(batch[0] as string);
      expect(batch.every((word) => bucketOf(word) === bucket)).toBe(true);
      const full = bucket === 0 ? 16 : 8;
      expect(batch.length).toBeLessThanOrEqual(full);
      if (batch.length < full) partial[bucket] = (partial[bucket] ?? 0) + 1;
    }
    expect(Math.max(...partial)).toBeLessThanOrEqual(1);
    expect(batches.flat().sort()).toEqual([...words].sort());
    const options = { length: (word: string) => word.length, boundaries: [10], batchSize: 7, dropRemainder: true };
    for (const batch of await pipeline(words).bucketByLength(options).toArray()) expect(batch.length).toBe(7);
  });

  it('prefetch works ahead by its count and no further', async () => {
    let made = 0;
    const items = pipeline(numbers)
      .map((item) => {
        made++;
        return item;
      })
      .prefetch(3);
    const seen: number[] = [];
    for await (const item of items.iterate(0)) {
      seen.push(item);
      await sleep(1);
      expect(made).toBeLessThanOrEqual(seen.length + 3);
      if (seen.length === 5) expect(made).toBe(8);
    }
    expect(seen).toEqual(numbers);
  });

  it('zip runs the shorter source through its next epochs', async () => {
    const short = pipeline(['a', 'b']).map((name, { epoch }) => `${name}${epoch}`);
    const pairs = zip({ source: pipeline([1, 2, 3]), target: short });
    expect(pairs.length).toBe(3);
    const names = async (epoch: number) =>
      (await pairs.toArray({ epoch })).map(({ source, target }) => `${source}${target}`);
    expect(await names(0)).toEqual(['1a0', '2b0', '3a1']);
    expect(await names(1)).toEqual(['1b1', '2a2', '3b2']);
    const few = zip({ a: pipeline([1, 2, 3]), b: stream(2) }, { until: 'shortest' });
    expect(await few.toArray()).toEqual([
      { a: 1, b: 0 },
      { a: 2, b: 1 },
    ]);
  });

  it('mapOrSkip reports what it leaves out and gives up after too many', async () => {
    const failing = (item: number) => {
      if (item % 10 === 3) throw new Error(`no ${item}`);
      return item;
    };
    const reports: string[] = [];
    const onSkip = (error: unknown, index: number) => reports.push(`${(error as Error).message} at ${index}`);
    const kept = pipeline(numbers).mapOrSkip(failing, { onSkip, concurrency: 3 });
    expect(await kept.toArray()).toEqual(numbers.filter((item) => item % 10 !== 3));
    expect(reports).toEqual(['no 3 at 3', 'no 13 at 13', 'no 23 at 23', 'no 33 at 33', 'no 43 at 43']);
    expect(await all(kept.iterateFrom(1, 40))).toEqual([45, 46, 47, 48, 49]);
    await expect(pipeline(numbers).mapOrSkip(failing, { maximum: 2 }).toArray()).rejects.toThrow(
      /more than 2 items of epoch 0 failed, the last with: no 23/,
    );
  });
});

describe('resuming', () => {
  const noisy = (item: number, { random }: { random: Random }) => item + random.uniform();
  const cases: Record<string, () => Pipeline<unknown>> = {
    'array, shuffle, map, batch': () => pipeline(numbers).shuffle({ seed: 1 }).map(noisy, { seed: 2 }).batch(4),
    'stream, shuffle, map, batch, prefetch': () =>
      stream().shuffle({ seed: 1, buffer: 9 }).map(noisy, { seed: 2, concurrency: 3 }).batch(4).prefetch(2),
    'filter, expand, take': () =>
      pipeline(numbers)
        .filter((item) => item % 3 > 0)
        .expand((item) => [item, -item])
        .take(30)
        .map(noisy),
    buckets: () =>
      pipeline(numbers)
        .shuffle({ seed: 1 })
        .bucketByLength({ length: (item) => item, boundaries: [9, 20], batchSize: 3 }),
    zip: () =>
      zip({ a: pipeline(numbers).shuffle({ seed: 1 }), b: pipeline([1, 2, 3]).shuffle({ seed: 2 }).map(noisy) }),
    concatenate: () => pipeline(numbers).concatenate(pipeline(numbers).map(noisy), stream(5)),
  };

  it.each(Object.keys(cases))('%s: starting at any item gives the rest of the epoch, bit for bit', async (name) => {
    const make = cases[name] as () => Pipeline<unknown>;
    for (const epoch of [0, 3]) {
      const whole = await all(make().iterate(epoch));
      expect(whole.length).toBeGreaterThan(5);
      for (const start of [0, 1, 4, whole.length - 1, whole.length, whole.length + 3]) {
        expect(await all(make().iterateFrom(epoch, start))).toEqual(whole.slice(start));
      }
    }
  });

  it('passes over what was seen without working on it', async () => {
    const made: number[] = [];
    const data = pipeline(numbers)
      .shuffle({ seed: 1 })
      .map((item) => {
        made.push(item);
        return item;
      })
      .batch(5)
      .prefetch(1);
    await all(data.iterateFrom(0, 8));
    expect(made.length).toBe(10);
  });

  it('randomness differs between items, epochs, seeds and stages, and repeats otherwise', async () => {
    const draw = (_: number, { random }: { random: Random }) => random.uniform();
    const values = async (seed: number, epoch: number) => all(pipeline([0, 1, 2]).map(draw, { seed }).iterate(epoch));
    const first = await values(1, 0);
    expect(await values(1, 0)).toEqual(first);
    expect(new Set([...first, ...(await values(1, 1)), ...(await values(2, 0))]).size).toBe(9);
    const two = await pipeline([0])
      .map((_, { random }) => [random.uniform()], { seed: 1 })
      .map(([value], { random }) => [value, random.uniform()], { seed: 1 })
      .toArray();
    expect(two[0]?.[0]).not.toBe(two[0]?.[1]);
  });
});

describe('errors and endings', () => {
  it('an error comes after the items before it, names the origin of its item, and ends the stream', async () => {
    const rows = numbers.map((value) => ({ value, origin: `data.csv, line ${value + 2}` }));
    const seen: number[] = [];
    const read = async () => {
      const data = pipeline(rows).map(
        async ({ value }) => {
          if (value === 6) throw new Error('cannot decode');
          return value;
        },
        { concurrency: 4 },
      );
      for await (const value of data.prefetch(2).iterate(0)) seen.push(value);
    };
    const error = await read().catch((caught: unknown) => caught);
    expect(CrossmodalError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe('cannot decode (item from data.csv, line 8)');
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('stopping early closes the source', async () => {
    let closed = 0;
    const source = pipeline<number>({
      async *iterateFrom() {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          closed++;
        }
      },
    });
    const staged = source
      .map((item) => item, { concurrency: 3 })
      .filter(() => true)
      .shuffle({ buffer: 4 })
      .batch(2)
      .prefetch(2);
    for await (const batch of staged.iterate(0)) if (batch.length === 2) break;
    expect(closed).toBe(1);
  });

  it('tensors that nobody takes are disposed', async () => {
    const tensors = () =>
      pipeline(numbers).map((item) => ({ x: tf.scalar(item), nested: [tf.scalar(1)], note: 'plain' }), {
        concurrency: 3,
      });
    await expectNoLeak(async () => {
      for (const data of [
        tensors().prefetch(3),
        tensors().filter((item) => item.note === 'other'),
        tensors().batch(8).prefetch(2),
        tensors().shuffle({ buffer: 4 }),
      ]) {
        for await (const item of data.iterateFrom(0, 2)) {
          tf.dispose(item as tf.TensorContainer);
          break;
        }
      }
      return [];
    });
  });

  it('toArray refuses more than it may hold', async () => {
    await expect(stream().toArray({ maximum: 10 })).rejects.toThrow(/more than 10 items/);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['batch of 0', () => pipeline([1]).batch(0), /size must be an integer of at least 1, got 0/],
    ['concurrency 1.5', () => pipeline([1]).map((item) => item, { concurrency: 1.5 }), /got 1.5/],
    ['buffer 0', () => pipeline([1]).shuffle({ buffer: 0 }), /buffer/],
    ['prefetch -1', () => pipeline([1]).prefetch(-1), /prefetch/],
    ['take NaN', () => pipeline([1]).take(Number.NaN), /take/],
    [
      'descending boundaries',
      () => pipeline(['a']).bucketByLength({ length: () => 1, boundaries: [4, 2], batchSize: 2 }),
      /ascend, got 4, 2/,
    ],
    [
      'a bucket of 0',
      () => pipeline(['a']).bucketByLength({ length: () => 1, boundaries: [4], batchSize: () => 0 }),
      /boundary 4/,
    ],
    [
      'zip of a stream',
      () => zip({ a: pipeline([1]), b: stream() }),
      /known length above 0, b has not; pass until: 'shortest'/,
    ],
    ['zip of nothing', () => zip({}), /at least one/],
    ['a negative start', () => pipeline([1]).iterateFrom(0, -1), /start must be an integer of at least 0, got -1/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
