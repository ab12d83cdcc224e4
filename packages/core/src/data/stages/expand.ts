import { withoutFirst } from '../discard.js';
import type { Source } from '../source.js';
import { type ItemFunction, type MapOptions, mapSource } from './map.js';

/** Each item replaced by any number of others, in order. A start other than 0 makes, and drops, everything before it. */
export function expandSource<T, U>(
  source: Source<T>,
  change: ItemFunction<T, Iterable<U>>,
  options: MapOptions = {},
): Source<U> {
  const groups = mapSource(source, change, options);
  async function* expanded(epoch: number): AsyncGenerator<U> {
    for await (const group of groups.iterateFrom(epoch, 0)) yield* group;
  }
  return { iterateFrom: (epoch, start) => withoutFirst(expanded(epoch), start) };
}
