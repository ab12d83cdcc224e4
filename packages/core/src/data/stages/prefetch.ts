import { requireInteger } from '../../checks.js';
import { discard } from '../discard.js';
import type { Source } from '../source.js';

/** Makes up to `count` items ahead of the one that is taken, in the same order. What nobody takes is disposed. */
export function prefetchSource<T>(source: Source<T>, count: number): Source<T> {
  requireInteger('prefetch: count', count);
  return {
    length: source.length,
    batched: source.batched,
    async *iterateFrom(epoch, start) {
      const upstream = source.iterateFrom(epoch, start)[Symbol.asyncIterator]();
      const pending: Promise<IteratorResult<T>>[] = [];
      let last: Promise<unknown> = Promise.resolve();
      let ended = false;
      const ask = () => {
        const next = last.then(() => (ended ? ({ done: true, value: undefined } as const) : upstream.next()));
        next.then(
          (result) => {
            if (result.done) ended = true;
          },
          () => {
            ended = true;
          },
        );
        last = next.catch(() => {});
        pending.push(next);
      };
      try {
        for (;;) {
          while (pending.length <= count) ask();
          const result = await (pending.shift() as Promise<IteratorResult<T>>);
          if (result.done) return;
          yield result.value;
        }
      } finally {
        ended = true;
        for (const result of await Promise.allSettled(pending)) {
          if (result.status === 'fulfilled' && !result.value.done) discard(result.value.value);
        }
        await upstream.return?.();
      }
    },
  };
}
