import { requireInteger } from '../../checks.js';
import { Random } from '../../random/random.js';
import { discard, withoutFirst } from '../discard.js';
import { arraySource, type Source } from '../source.js';

export interface ShuffleOptions {
  seed?: number | string;
  /** Items held back when the source is a stream; an array is always permuted whole. */
  buffer?: number;
}

/**
 * Items in another order in each epoch, a function of the seed and the epoch alone. An array is permuted whole (and any
 * start is a jump). A stream goes through a buffer: each item that leaves is drawn uniformly from it and replaced by the
 * next one, so items move back any distance but forward by at most the size of the buffer.
 */
export function shuffleSource<T>(
  source: Source<T>,
  { seed = 0, buffer = 10_000 /* rows of a manifest: a few megabytes */ }: ShuffleOptions = {},
): Source<T> {
  requireInteger('shuffle: buffer', buffer);
  const stream = new Random(seed).fork('shuffle');
  const { items, length, batched } = source;
  if (items) {
    return {
      length,
      batched,
      iterateFrom: (epoch, start) => arraySource(stream.fork(epoch).shuffle(items)).iterateFrom(epoch, start),
    };
  }
  async function* shuffled(epoch: number): AsyncGenerator<T> {
    const random = stream.fork(epoch);
    const held: T[] = [];
    try {
      for await (const item of source.iterateFrom(epoch, 0)) {
        if (held.length < buffer) {
          held.push(item);
          continue;
        }
        const drawn = random.integer(buffer);
        const leaving = held[drawn] as T;
        held[drawn] = item;
        yield leaving;
      }
      while (held.length > 0) {
        const drawn = random.integer(held.length);
        const last = held.pop() as T;
        if (drawn === held.length) yield last;
        else {
          const leaving = held[drawn] as T;
          held[drawn] = last;
          yield leaving;
        }
      }
    } finally {
      held.forEach(discard);
    }
  }
  return { length, batched, iterateFrom: (epoch, start) => withoutFirst(shuffled(epoch), start) };
}
