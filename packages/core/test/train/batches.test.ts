import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { batchesOf } from '../../src/train/batches.js';

beforeAll(() => tf.setBackend('cpu'));

/** Batches of one tensor; making number `failing` throws. */
const dataset = (count: number, failing = count) => ({
  async *iterate() {
    for (let i = 0; i < count; i++) {
      if (i === failing) throw new Error(`batch ${i} is damaged`);
      yield { x: tf.scalar(i) };
    }
  },
});

async function read(data: ReturnType<typeof dataset>, { start = 0, take = 99 } = {}) {
  const seen: [number, boolean][] = [];
  for await (const { batch, last } of batchesOf(data, 0, start)) {
    seen.push([batch.x.dataSync()[0]!, last]);
    batch.x.dispose();
    if (seen.length === take) break;
  }
  return seen;
}

describe('batchesOf', () => {
  test('tells the last one, from any start', async () => {
    expect(await read(dataset(3))).toEqual([
      [0, false],
      [1, false],
      [2, true],
    ]);
    expect(await read(dataset(3), { start: 2 })).toEqual([[2, true]]);
    expect(await read(dataset(3), { start: 3 })).toEqual([]);
  });

  test.each([
    ['when the caller stops', () => read(dataset(5), { take: 2 })],
    ['when the first batch fails', () => read(dataset(5, 0))],
    ['when making one ahead fails', () => read(dataset(5, 2))],
    ['when a batch before the start fails', () => read(dataset(5, 1), { start: 3 })],
  ])('leaves no tensor behind %s', async (_, act) => {
    const before = tf.memory().numTensors;
    await act().catch((error: Error) => expect(error.message).toMatch(/is damaged/));
    expect(tf.memory().numTensors).toBe(before);
  });
});
