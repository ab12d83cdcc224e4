import { CrossmodalError } from '@crossmodal/core';
import type { Entry } from './entry.js';

/** Every entry, in the order in which they run. */
export const entries: readonly Entry[] = [];

/** @throws CrossmodalError when there is no such entry. */
export function findEntry(id: string): Entry {
  const found = entries.find((entry) => entry.id === id);
  if (found) return found;
  throw new CrossmodalError(`bench: unknown entry "${id}"; entries are ${entries.map((entry) => entry.id).join(', ')}`);
}
