import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { mapConcurrently } from '../../src/data/index.js';

/** Promises that are kept, or broken, by hand. */
function byHand() {
  const calls: { item: number; done: (value: number) => void; fail: (error: Error) => void }[] = [];
  const change = (item: number) => new Promise<number>((done, fail) => calls.push({ item, done, fail }));
  return { calls, change, items: () => calls.map(({ item }) => item) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('mapConcurrently', () => {
  it('keeps the order of the items, whichever is done first, and begins the next as soon as one is', async () => {
    const { calls, change, items } = byHand();
    const mapped = mapConcurrently([10, 20, 30, 40], change, { concurrency: 2 });
    expect(items()).toEqual([10, 20]);
    calls[1]!.done(2);
    await turn();
    expect(items()).toEqual([10, 20, 30]);
    calls[2]!.done(3);
    await turn();
    calls[3]!.done(4);
    calls[0]!.done(1);
    expect(await mapped).toEqual([1, 2, 3, 4]);
  });

  it('passes the index; works on empty lists and on plain values', async () => {
    expect(await mapConcurrently(['a', 'b'], (item, index) => item + index)).toEqual(['a0', 'b1']);
    expect(await mapConcurrently([], () => 1, { concurrency: 3 })).toEqual([]);
  });

  it('throws the first failure once those under way are done, and begins nothing new', async () => {
    const { calls, change, items } = byHand();
    const outcome: string[] = [];
    const mapped = mapConcurrently([1, 2, 3, 4, 5], change, { concurrency: 3 }).catch((error: Error) => {
      outcome.push(error.message);
    });
    calls[1]!.fail(new Error('two'));
    await turn();
    expect(outcome).toEqual([]);
    calls[0]!.fail(new Error('one'));
    calls[2]!.done(3);
    await mapped;
    expect(outcome).toEqual(['two']);
    expect(items()).toEqual([1, 2, 3]);
  });

  it('throws what a function throws that gives no promise', async () => {
    const change = (item: number) => {
      if (item === 2) throw new Error('two');
      return item;
    };
    await expect(mapConcurrently([1, 2], change)).rejects.toThrow('two');
  });

  it('leaves no tensors behind when it fails', async () => {
    const before = tf.memory().numTensors;
    const change = async (item: number) => {
      await turn();
      if (item === 1) throw new Error('one');
      return { pixels: tf.scalar(item) };
    };
    await expect(mapConcurrently([0, 1, 2], change)).rejects.toThrow('one');
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([0, 1.5, Number.NaN])('refuses a concurrency of %s before it begins', async (concurrency) => {
    const { calls, change } = byHand();
    await expect(mapConcurrently([1], change, { concurrency })).rejects.toThrow(
      `mapConcurrently: concurrency must be an integer of at least 1, got ${concurrency}`,
    );
    expect(calls).toEqual([]);
  });
});
