import { requireInteger } from '../../checks.js';
import { discard } from '../discard.js';
import type { Source } from '../source.js';

export interface BatchOptions {
  /** Leaves out a last batch that is not full. */
  dropRemainder?: boolean;
}

/** Runs of `size` items as arrays. */
export function batchSource<T>(
  source: Source<T>,
  size: number,
  { dropRemainder = false }: BatchOptions = {},
): Source<T[]> {
  requireInteger('batch: size', size);
  const batches = source.length === undefined ? undefined : source.length / size;
  return {
    length: batches === undefined ? undefined : dropRemainder ? Math.floor(batches) : Math.ceil(batches),
    batched: { size, items: source.length },
    async *iterateFrom(epoch, start) {
      let batch: T[] = [];
      try {
        for await (const item of source.iterateFrom(epoch, start * size)) {
          batch.push(item);
          if (batch.length < size) continue;
          const full = batch;
          batch = [];
          yield full;
        }
        if (batch.length > 0 && !dropRemainder) {
          const rest = batch;
          batch = [];
          yield rest;
        }
      } finally {
        discard(batch);
      }
    },
  };
}
