import { requireInteger } from '../../checks.js';
import type { Source } from '../source.js';

/** The first `count` items of each epoch. */
export function takeSource<T>(source: Source<T>, count: number): Source<T> {
  requireInteger('take: count', count, 0);
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
