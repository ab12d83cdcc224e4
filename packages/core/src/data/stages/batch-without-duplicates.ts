import { requireInteger } from '../../checks.js';
import { CrossmodalError } from '../../errors.js';
import { discard, withoutFirst } from '../discard.js';
import type { Source } from '../source.js';
import type { BatchOptions } from './batch.js';

export interface UniqueBatchOptions<T> extends BatchOptions {
  /** What may stand once in a batch: an item waits for a later one while any of its keys is taken. */
  keys: (item: T) => string | readonly string[];
}

/**
 * Batches in which no key stands twice: for contrastive losses, where a second item of the same text would count as wrong.
 * Items that do not fit wait, in their order, for the next batch; batches at the end may be smaller.
 */
export function uniqueBatchSource<T>(
  source: Source<T>,
  size: number,
  { keys, dropRemainder = false }: UniqueBatchOptions<T>,
): Source<T[]> {
  requireInteger('batchWithoutDuplicates: size', size);
  if (typeof keys !== 'function') {
    throw new CrossmodalError(`batchWithoutDuplicates: keys must be a function of an item, got ${typeof keys}`, {
      remedy: 'pass { keys: (row) => row.text }',
    });
  }
  return {
    // What waits depends on the order, so the number of batches is known when they are made.
    length: undefined,
    iterateFrom: (epoch, start) =>
      withoutFirst(batches(source.iterateFrom(epoch, 0), { size, keys, dropRemainder }), start),
  };
}

async function* batches<T>(
  items: AsyncIterable<T>,
  { size, keys, dropRemainder }: { size: number; keys: UniqueBatchOptions<T>['keys']; dropRemainder: boolean },
): AsyncGenerator<T[]> {
  let waiting: { item: T; own: readonly string[] }[] = [];
  let batch: T[] = [];
  let taken = new Set<string>();
  /** True when the item found a place. */
  const place = ({ item, own }: { item: T; own: readonly string[] }): boolean => {
    if (batch.length === size || own.some((key) => taken.has(key))) return false;
    for (const key of own) taken.add(key);
    batch.push(item);
    return true;
  };
  const next = (): T[] => {
    const full = batch;
    batch = [];
    taken = new Set();
    waiting = waiting.filter((entry) => !place(entry));
    return full;
  };
  try {
    for await (const item of items) {
      const entry = { item, own: [keys(item)].flat() };
      if (!place(entry)) waiting.push(entry);
      while (batch.length === size) yield next();
    }
    while (batch.length > 0) {
      const rest = next();
      if (rest.length === size || !dropRemainder) yield rest;
      else discard(rest);
    }
  } finally {
    discard([...batch, ...waiting.map(({ item }) => item)]);
  }
}
