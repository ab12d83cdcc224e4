import { CrossmodalError } from '../../errors.js';
import type { Source } from '../source.js';
import { expandSource } from './expand.js';
import type { ItemFunction, MapOptions } from './map.js';

export interface MapOrSkipOptions extends MapOptions {
  /** Told about each item that is left out. */
  onSkip?: (error: unknown, index: number) => void;
  /** Items that may be left out in an epoch before it fails after all. */
  maximum?: number;
}

/** Like map, but an item for which `change` throws is left out and reported, up to `maximum` of them per epoch. */
export function mapOrSkipSource<T, U>(
  source: Source<T>,
  change: ItemFunction<T, U>,
  { onSkip, maximum = 100, ...options }: MapOrSkipOptions = {},
): Source<U> {
  const skipped = new Map<number, number>();
  return expandSource(
    source,
    async (item, context) => {
      if (context.index === 0) skipped.set(context.epoch, 0);
      try {
        return [await change(item, context)];
      } catch (error) {
        const count = (skipped.get(context.epoch) ?? 0) + 1;
        skipped.set(context.epoch, count);
        if (count > maximum) {
          const message = error instanceof Error ? error.message : String(error);
          throw new CrossmodalError(
            `mapOrSkip: more than ${maximum} items of epoch ${context.epoch} failed, the last with: ${message}`,
            { remedy: 'look at the files, or raise maximum', cause: error },
          );
        }
        onSkip?.(error, context.index);
        return [];
      }
    },
    options,
  );
}
