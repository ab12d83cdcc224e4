import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { infoNce, MemoryQueue } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const batch = (first: number, rows: number): Tensor2D =>
  tf.tensor2d(Array.from({ length: rows }, (_, i) => [1, first + i]));
const unitRow = (second: number): number[] => [1 / Math.hypot(1, second), second / Math.hypot(1, second)];

describe('MemoryQueue', () => {
  it('starts with unit vectors that the seed decides', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => new MemoryQueue({ size: 5, dimension: 3, seed })) as [
      MemoryQueue,
      MemoryQueue,
      MemoryQueue,
    ];
    tf.tidy(() => {
      expect(tf.sum(tf.square(a.embeddings), 1)).toBeAllclose([1, 1, 1, 1, 1]);
      expect(a.embeddings).toBeAllclose(b.embeddings);
      expect(tf.max(tf.abs(tf.sub(a.embeddings, c.embeddings))).dataSync()[0]).toBeGreaterThan(0.1);
      expect(a.labels).toBeAllclose([-1, -1, -1, -1, -1]);
    });
    for (const queue of [a, b, c]) queue.dispose();
  });

  it('keeps the newest rows, newest batch first, normalised, with their labels', () => {
    const queue = new MemoryQueue({ size: 5, dimension: 2 });
    tf.tidy(() => {
      queue.enqueue(batch(1, 2), tf.tensor1d([1, 2], 'int32'));
      queue.enqueue(batch(3, 2), tf.tensor1d([3, 4]));
      queue.enqueue(batch(5, 2));
      expect(queue.embeddings).toBeAllclose([5, 6, 3, 4, 1].map(unitRow));
      expect(queue.labels).toBeAllclose([-1, -1, 3, 4, 1]);
      queue.enqueue(batch(10, 7));
      expect(queue.embeddings).toBeAllclose([10, 11, 12, 13, 14].map(unitRow));
    });
    queue.dispose();
  });

  it('feeds infoNce, and takes no gradient', () => {
    const queue = new MemoryQueue({ size: 4, dimension: 2, seed: 3 });
    tf.tidy(() => {
      const [a, b] = [batch(1, 3), batch(2, 3)];
      const options = { negatives: queue.embeddings, symmetric: false };
      const [withQueue, without] = [infoNce(a, b, options), infoNce(a, b, { symmetric: false })];
      expect(withQueue.dataSync()[0]).toBeGreaterThan(without.dataSync()[0] as number);
      const anchor = tf.variable(a);
      const { grads } = tf.variableGrads(() => {
        const loss = infoNce(anchor as Tensor2D, b, options);
        queue.enqueue(anchor as Tensor2D);
        return loss;
      });
      expect(Object.keys(grads)).toEqual([anchor.name]); // the queue's variables are not trainable
    });
    queue.dispose();
  });

  it('leaves nothing behind, and frees everything', async () => {
    const before = tf.memory().numTensors;
    const queue = new MemoryQueue({ size: 4, dimension: 2 });
    const rows = batch(1, 2);
    await expectNoLeak(() => {
      queue.enqueue(rows);
      return [];
    });
    await expectNoLeakWhenThrowing(
      () => queue.enqueue(rows, rows as never) as never,
      'MemoryQueue.enqueue: labels must have one entry pe',
    ); // throws: labels of rank 2
    rows.dispose();
    queue.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
