import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import { pipeline } from '../../src/data/index.js';

const rows = ['a', 'a', 'b', 'c', 'a', 'd', 'b', 'e'].map((text, i) => ({ text, i }));
const collect = async <T>(batches: AsyncIterable<T[]>): Promise<T[][]> => {
  const all: T[][] = [];
  for await (const batch of batches) all.push(batch);
  return all;
};
const numbers = (batches: { i: number }[][]) => batches.map((batch) => batch.map(({ i }) => i));

describe('batchWithoutDuplicates', () => {
  it('lets an item wait while its key is taken, and loses none', async () => {
    const data = pipeline(rows).batchWithoutDuplicates(3, { keys: ({ text }) => text });
    const all = await collect(data.iterate());
    expect(numbers(all)).toEqual([
      [0, 2, 3],
      [1, 5, 6],
      [4, 7],
    ]);
    for (const batch of all) expect(new Set(batch.map(({ text }) => text)).size).toBe(batch.length);
  });

  it('leaves out what does not fill a batch when it is told to', async () => {
    const data = pipeline(rows).batchWithoutDuplicates(3, { keys: ({ text }) => text, dropRemainder: true });
    expect(numbers(await collect(data.iterate()))).toEqual([
      [0, 2, 3],
      [1, 5, 6],
    ]);
  });

  it('looks at several keys of an item', async () => {
    const pairs = ['ab', 'bc', 'cd', 'xy'].map((text, i) => ({ text, i }));
    const data = pipeline(pairs).batchWithoutDuplicates(2, { keys: ({ text }) => [...text] });
    expect(numbers(await collect(data.iterate()))).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('resumes at any batch, and shuffles anew in each epoch', async () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ text: String(i % 37), i }));
    const data = pipeline(many)
      .shuffle({ seed: 5 })
      .batchWithoutDuplicates(16, { keys: ({ text }) => text });
    const [first, second] = [await collect(data.iterate(0)), await collect(data.iterate(1))];
    expect(numbers(first)).not.toEqual(numbers(second));
    expect(
      first
        .flat()
        .map(({ i }) => i)
        .sort((a, b) => a - b),
    ).toEqual(many.map(({ i }) => i));
    expect(await collect(data.iterateFrom(0, 4))).toEqual(first.slice(4));
    for (const batch of first) expect(new Set(batch.map(({ text }) => text)).size).toBe(batch.length);
  });

  it('frees the batches before the one that it resumes at', async () => {
    const data = pipeline(rows)
      .map(({ text, i }) => ({ text, x: tf.scalar(i) }))
      .batchWithoutDuplicates(3, { keys: ({ text }) => text });
    const before = tf.memory().numTensors;
    const rest = await collect(data.iterateFrom(0, 2));
    expect(rest.flat().map(({ x }) => x.dataSync()[0])).toEqual([4, 7]);
    tf.dispose(rest.flat().map(({ x }) => x));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a size and keys that do not fit', () => {
    expect(() => pipeline(rows).batchWithoutDuplicates(0, { keys: () => 'a' })).toThrow(/size must be/);
    expect(() => pipeline(rows).batchWithoutDuplicates(2, {} as never)).toThrow(/keys must be a function/);
  });
});
