import { CrossmodalError } from '../../errors.js';
import { discard, withoutFirst } from '../discard.js';
import type { Source } from '../source.js';

export interface BucketOptions<T> {
  /** Length of an item: characters, tokens, samples. */
  length: (item: T) => number;
  /** Largest length of each bucket, ascending; one more bucket takes what is longer. */
  boundaries: readonly number[];
  /** Items per batch, or that number as a function of the bucket's boundary (undefined for the bucket without one). */
  batchSize: number | ((boundary: number | undefined) => number);
  /** Leaves out batches that are not full at the end of an epoch. */
  dropRemainder?: boolean;
}

/**
 * Batches of items of similar length, so that little of a batch is padding. An item waits in the bucket of the smallest
 * boundary that is not below its length; a bucket that is full leaves as a batch.
 */
export function bucketSource<T>(
  source: Source<T>,
  { length, boundaries, batchSize, dropRemainder = false }: BucketOptions<T>,
): Source<T[]> {
  boundaries.forEach((boundary, i) => {
    if (!(boundary > (boundaries[i - 1] ?? Number.NEGATIVE_INFINITY))) {
      throw new CrossmodalError(`bucketByLength: boundaries must ascend, got ${boundaries.join(', ')}`);
    }
  });
  const sizes = [...boundaries, undefined].map((boundary) => {
    const size = typeof batchSize === 'number' ? batchSize : batchSize(boundary);
    if (Number.isSafeInteger(size) && size >= 1) return size;
    throw new CrossmodalError(
      `bucketByLength: batchSize must be an integer of at least 1, got ${size} for boundary ${boundary ?? 'none'}`,
    );
  });
  async function* bucketed(epoch: number): AsyncGenerator<T[]> {
    const buckets: T[][] = sizes.map(() => []);
    try {
      for await (const item of source.iterateFrom(epoch, 0)) {
        const itemLength = length(item);
        if (!(itemLength >= 0))
          throw new CrossmodalError(`bucketByLength: length must be a number >= 0, got ${itemLength}`);
        const found = boundaries.findIndex((boundary) => itemLength <= boundary);
        const bucket = found < 0 ? boundaries.length : found;
        const waiting = buckets[bucket] as T[];
        waiting.push(item);
        if (waiting.length < (sizes[bucket] as number)) continue;
        buckets[bucket] = [];
        yield waiting;
      }
      for (let bucket = 0; bucket < buckets.length && !dropRemainder; bucket++) {
        const rest = buckets[bucket] as T[];
        buckets[bucket] = [];
        if (rest.length > 0) yield rest;
      }
    } finally {
      discard(buckets);
    }
  }
  const batched = typeof batchSize === 'number' ? { size: batchSize, items: source.length } : undefined;
  return { batched, iterateFrom: (epoch, start) => withoutFirst(bucketed(epoch), start) };
}
