import { withoutFirst } from '../discard.js';
import type { Source } from '../source.js';

/** The items of several sources, one source after the other. */
export function concatenateSources<T>(sources: readonly Source<T>[]): Source<T> {
  const lengths = sources.map((source) => source.length);
  const known = lengths.every((length) => length !== undefined);
  const items = sources.every((source) => source.items) ? sources.flatMap((source) => source.items ?? []) : undefined;
  return {
    length: known ? lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0) : undefined,
    items,
    async *iterateFrom(epoch, start) {
      let before = start;
      if (!known) {
        yield* withoutFirst(joined(sources, epoch), start);
        return;
      }
      for (const source of sources) {
        const length = source.length ?? 0;
        if (before < length) yield* source.iterateFrom(epoch, before);
        before = Math.max(0, before - length);
      }
    },
  };
}

async function* joined<T>(sources: readonly Source<T>[], epoch: number): AsyncGenerator<T> {
  for (const source of sources) yield* source.iterateFrom(epoch, 0);
}
