import { CrossmodalError } from '../../errors.js';
import { discard } from '../discard.js';
import type { Source } from '../source.js';

export type Zipped<S extends Record<string, Source<unknown>>> = {
  [Name in keyof S]: S[Name] extends Source<infer T> ? T : never;
};

export interface ZipOptions {
  /** Ends with the shortest source, or goes on to the end of the longest while the others begin their next epoch. */
  until?: 'shortest' | 'longest';
}

/**
 * Items of several sources side by side, e.g. labelled source-domain batches beside unlabelled target-domain ones.
 * With `until: 'longest'`, item i of epoch e takes item (e n + i) of each source's own endless run of epochs, where n is the
 * longest length.
 */
export function zipSources<S extends Record<string, Source<unknown>>>(
  sources: S,
  { until = 'longest' }: ZipOptions = {},
): Source<Zipped<S>> {
  const names = Object.keys(sources) as (keyof S & string)[];
  if (names.length === 0) throw new CrossmodalError('zip: needs at least one source, got none');
  const lengths = names.map((name) => sources[name]?.length);
  const unknown = names.filter((_, i) => !((lengths[i] ?? 0) > 0));
  if (until === 'longest' && unknown.length > 0) {
    throw new CrossmodalError(
      `zip: with until 'longest' each source must have a known length above 0, ${unknown.join(', ')} has not`,
      {
        remedy: "pass until: 'shortest', or read the rows into an array first",
      },
    );
  }
  const known = lengths.every((length) => length !== undefined) ? (lengths as number[]) : undefined;
  const length = known && (until === 'longest' ? Math.max(...known) : Math.min(...known));

  async function* endless(source: Source<unknown>, sourceLength: number, position: number): AsyncGenerator<unknown> {
    let epoch = Math.floor(position / sourceLength);
    let start = position % sourceLength;
    for (;;) {
      let empty = start === 0;
      for await (const item of source.iterateFrom(epoch, start)) {
        empty = false;
        yield item;
      }
      if (empty) throw new CrossmodalError(`zip: a source of length ${sourceLength} gave nothing in epoch ${epoch}`);
      epoch++;
      start = 0;
    }
  }

  return {
    length,
    async *iterateFrom(epoch, start) {
      const iterators = names.map((name, i) => {
        const source = sources[name] as Source<unknown>;
        const items =
          until === 'longest'
            ? endless(source, lengths[i] as number, epoch * (length as number) + start)
            : source.iterateFrom(epoch, start);
        return items[Symbol.asyncIterator]();
      });
      try {
        for (let index = start; until === 'shortest' || index < (length as number); index++) {
          const results = await Promise.allSettled(iterators.map((iterator) => iterator.next()));
          const failed = results.find((result) => result.status === 'rejected');
          const values = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
          if (failed || values.some((value) => value?.done !== false)) {
            for (const value of values) if (value?.done === false) discard(value.value);
            if (failed) throw failed.reason;
            return;
          }
          yield Object.fromEntries(names.map((name, i) => [name, values[i]?.value])) as Zipped<S>;
        }
      } finally {
        for (const iterator of iterators) await iterator.return?.();
      }
    },
  };
}
