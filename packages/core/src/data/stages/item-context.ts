import { CrossmodalError } from '../../errors.js';
import { Random } from '../../random/random.js';

/** What a function that is applied to items is told besides the item. */
export interface ItemContext {
  readonly epoch: number;
  /** Position of the item in its epoch, as it arrives at this stage. */
  readonly index: number;
  /** A generator of this item's own: the same in each run, another for each item and epoch. */
  readonly random: Random;
}

/** What of an item tells where it came from. */
interface Media {
  origin?: unknown;
  image?: unknown;
  audio?: unknown;
}

/** Contexts of one epoch; the generator of an item is made only when it is asked for. */
export function itemContexts(seed: number | string, epoch: number): (index: number) => ItemContext {
  const stream = new Random(seed).fork('item').fork(epoch);
  return (index) => {
    let random: Random | undefined;
    return {
      epoch,
      index,
      get random() {
        random ??= stream.fork(index);
        return random;
      },
    };
  };
}

/**
 * Adds to an error where its item came from, when the item knows and the message does not say. Of several items, the one
 * whose file the message names.
 */
export function namingOrigin(error: unknown, item: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const names = (path: unknown) => typeof path === 'string' && path !== '' && message.includes(path);
  const found = Array.isArray(item) ? (item as Media[]).find((row) => names(row?.image) || names(row?.audio)) : item;
  const origin = typeof found === 'object' && found !== null ? (found as Media).origin : undefined;
  if (typeof origin !== 'string' || message.includes(origin)) return error;
  return new CrossmodalError(`${message} (item from ${origin})`, { cause: error });
}
