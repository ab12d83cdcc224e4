import type { Inputs } from '@crossmodal/core';

/** Keys and values of earlier tokens for inputs of one shape, with the compiled functions that fill and read them. */
export interface GenerationCache {
  dispose(): void;
}

/**
 * What generation keeps for inputs of one shape until the next call; the one that was not used for longest is given up when there are
 * more than `capacity`.
 */
export class GenerationCaches<Cache extends GenerationCache> {
  readonly #capacity: number;
  readonly #caches = new Map<string, Cache>();

  constructor({ capacity = 4 }: { capacity?: number } = {}) {
    this.#capacity = capacity;
  }

  /** The cache of that key, made when there is none. */
  of(key: string, make: () => Cache): Cache {
    const cache = this.#caches.get(key) ?? make();
    this.#caches.delete(key);
    this.#caches.set(key, cache);
    for (const [other, old] of this.#caches) {
      if (this.#caches.size <= this.#capacity) break;
      old.dispose();
      this.#caches.delete(other);
    }
    return cache;
  }

  dispose(): void {
    for (const cache of this.#caches.values()) cache.dispose();
    this.#caches.clear();
  }
}

/** Names and shapes of inputs, in one order. */
export const shapesOf = (inputs: Inputs): string =>
  Object.entries(inputs)
    .map(([name, { shape }]) => `${name}[${shape}]`)
    .sort()
    .join(' ');
