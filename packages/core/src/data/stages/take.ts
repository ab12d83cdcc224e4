import { CrossmodalError } from '../../errors.js';
import type { Source } from '../source.js';

/** The first `count` items of each epoch. */
export function takeSource<T>(source: Source<T>, count: number): Source<T> {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new CrossmodalError(`take: count must be an integer of at least 0, got ${count}`);
  }
  return {
    length: source.length === undefined ? undefined : Math.min(source.length, count),
    batched: source.batched && { size: source.batched.size },
    items: source.items?.slice(0, count),
    async *iterateFrom(epoch, start) {
      let left = count - start;
      if (left <= 0) return;
      for await (const item of source.iterateFrom(epoch, start)) {
        yield item;
        if (--left === 0) return;
      }
    },
  };
}
