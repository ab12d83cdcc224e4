import { requireInteger } from '../../checks.js';
import { discard } from '../discard.js';
import type { Source } from '../source.js';
import { type ItemContext, itemContexts, namingOrigin } from './item-context.js';

export type ItemFunction<T, U> = (item: T, context: ItemContext) => U | Promise<U>;

export interface MapOptions {
  /** How many items are worked on at once; their order stays. */
  concurrency?: number;
  seed?: number | string;
}

/** Each item replaced by what `change` makes of it. One to one, so any start is passed on to the source. */
export function mapSource<T, U>(
  source: Source<T>,
  change: ItemFunction<T, U>,
  { concurrency = 1, seed = 0 }: MapOptions = {},
): Source<U> {
  requireInteger('map: concurrency', concurrency);
  return {
    length: source.length,
    batched: source.batched,
    async *iterateFrom(epoch, start) {
      const context = itemContexts(seed, epoch);
      const upstream = source.iterateFrom(epoch, start)[Symbol.asyncIterator]();
      const pending: Promise<U>[] = [];
      let index = start;
      let ended = false;
      const run = async (item: T, position: number) => {
        try {
          return await change(item, context(position));
        } catch (error) {
          throw namingOrigin(error, item);
        }
      };
      const add = (result: Promise<U>) => {
        result.catch(() => {}); // it is awaited, and thrown, when its turn comes
        pending.push(result);
      };
      try {
        for (;;) {
          while (!ended && pending.length < concurrency) {
            try {
              const next = await upstream.next();
              if (next.done) ended = true;
              else add(run(next.value, index++));
            } catch (error) {
              ended = true;
              add(Promise.reject(error));
            }
          }
          const first = pending.shift();
          if (!first) return;
          yield await first;
        }
      } finally {
        await upstream.return?.();
        for (const result of await Promise.allSettled(pending)) {
          if (result.status === 'fulfilled') discard(result.value);
        }
      }
    },
  };
}
