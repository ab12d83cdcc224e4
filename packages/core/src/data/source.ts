/**
 * Items that can be read again and again, one epoch after the other.
 *
 * `iterateFrom` is a pure function of its arguments: the same epoch and start give the same items, which is what lets
 * training resume at any batch exactly. Items that hold tensors belong to whoever takes them; a stage that drops such
 * an item disposes it.
 */
export interface Source<T> {
  /** Items per epoch, where that is known without reading. */
  readonly length?: number | undefined;
  /** Of batches: how many items each holds, and how many all of an epoch hold, where that is known. */
  readonly batched?: { readonly size: number; readonly items?: number | undefined } | undefined;
  /** The items themselves, where they lie in memory: shuffling then permutes them all and any start is a jump. */
  readonly items?: readonly T[] | undefined;
  /** Items number `start`, `start + 1`, ... of an epoch (both count from 0). */
  iterateFrom(epoch: number, start: number): AsyncIterable<T>;
}

/** The items of an array. */
export function arraySource<T>(items: readonly T[]): Source<T> {
  return {
    items,
    length: items.length,
    async *iterateFrom(_, start) {
      for (let i = start; i < items.length; i++) yield items[i] as T;
    },
  };
}
