import { discard, withoutFirst } from '../discard.js';
import type { Source } from '../source.js';
import { type ItemFunction, type MapOptions, mapSource } from './map.js';

/** The items that `keep` accepts. A start other than 0 reads, and asks about, everything before it. */
export function filterSource<T>(
  source: Source<T>,
  keep: ItemFunction<T, boolean>,
  options: MapOptions = {},
): Source<T> {
  const judged = mapSource(source, async (item, context) => ({ item, kept: await keep(item, context) }), options);
  async function* kept(epoch: number): AsyncGenerator<T> {
    for await (const { item, kept } of judged.iterateFrom(epoch, 0)) {
      if (kept) yield item;
      else discard(item);
    }
  }
  return { iterateFrom: (epoch, start) => withoutFirst(kept(epoch), start) };
}
