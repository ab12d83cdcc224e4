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

/** Adds to an error where its item came from, when the item knows and the message does not say. */
export function namingOrigin(error: unknown, item: unknown): unknown {
  const origin = typeof item === 'object' && item !== null ? (item as { origin?: unknown }).origin : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (typeof origin !== 'string' || message.includes(origin)) return error;
  return new CrossmodalError(`${message} (item from ${origin})`, { cause: error });
}
