import type { TensorContainer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/dataset.js';

/** A batch, and whether it is the last of its epoch. */
export interface Numbered<Batch> {
  batch: Batch;
  last: boolean;
}

/**
 * The batches of an epoch from number `start` on, each told whether it is the last. One batch is made ahead; it is disposed
 * when the caller stops early, and the one before it when making it fails.
 */
export async function* batchesOf<Batch>(
  data: Dataset<Batch>,
  epoch: number,
  start: number,
): AsyncGenerator<Numbered<Batch>> {
  const source = data.iterateFrom ? data.iterateFrom(epoch, start) : withoutFirst(data.iterate(epoch), start);
  const iterator = source[Symbol.asyncIterator]();
  let next: IteratorResult<Batch> | undefined;
  try {
    next = await iterator.next();
    while (!next.done) {
      const batch: Batch = next.value;
      next = undefined;
      try {
        next = await iterator.next();
      } catch (error) {
        tf.dispose(batch as TensorContainer);
        throw error;
      }
      yield { batch, last: next.done === true };
    }
  } finally {
    if (next && !next.done) tf.dispose(next.value as TensorContainer);
    await iterator.return?.();
  }
}

/** Makes and drops the first batches, for datasets that cannot start in the middle. */
async function* withoutFirst<Batch>(batches: AsyncIterable<Batch>, count: number): AsyncGenerator<Batch> {
  let seen = 0;
  for await (const batch of batches) {
    if (seen++ < count) tf.dispose(batch as TensorContainer);
    else yield batch;
  }
}
