import type { CheckedFilter } from '../filter/filter.js';
import { predicate } from '../filter/predicate.js';
import type { Metadata } from '../vector-store.js';

/** Filters whose masks are held; a page has a few. */
const most = 16;

/** Which positions a filter accepts. */
export interface FilterMask {
  /** 1 for those that it accepts. */
  readonly positions: Uint8Array;
  readonly count: number;
}

/** Masks of filters, made once until something changes: the same few filters are asked for again and again. */
export class FilterMasks {
  readonly #masks = new Map<string, FilterMask>();

  /** @param metadata by position, as it is now */
  of(filter: CheckedFilter, metadata: readonly Metadata[]): FilterMask {
    const key = JSON.stringify(filter);
    let mask = this.#masks.get(key);
    if (mask)
      this.#masks.delete(key); // put at the end again: the oldest is at the beginning
    else {
      const accepts = predicate(filter);
      const positions = new Uint8Array(metadata.length);
      let count = 0;
      metadata.forEach((data, i) => {
        if (!accepts(data)) return;
        positions[i] = 1;
        count++;
      });
      mask = { positions, count };
    }
    this.#masks.set(key, mask);
    if (this.#masks.size > most) this.#masks.delete(this.#masks.keys().next().value!);
    return mask;
  }

  /** Forgets all of them: the store has changed. */
  clear(): void {
    this.#masks.clear();
  }
}
