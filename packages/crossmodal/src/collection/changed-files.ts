import { stat } from 'node:fs/promises';
import { mapConcurrently } from '@crossmodal/core/data';
import type { VectorStore } from '@crossmodal/search';
import type { Entry } from './entries.js';

/** Entries that are asked for at a time. */
const batch = 500;

/** The entries, with size and time of the last change of each file: what tells that it is another by now. */
export async function withStamps(entries: readonly Entry[]): Promise<Entry[]> {
  return mapConcurrently(entries, async (entry) => {
    if (entry.kind === 'text') return entry;
    const facts = await stat(entry.content).catch(() => undefined); // a file that is gone is told when it is read
    if (!facts) return entry;
    return { ...entry, metadata: { ...entry.metadata, bytes: facts.size, modified: Math.round(facts.mtimeMs) } };
  });
}

/**
 * Removes the vectors of files that changed since they were embedded, so that they are embedded again. An index that was made without
 * stamps says nothing of what changed.
 *
 * @returns how many
 */
export async function removeChanged(store: VectorStore, entries: readonly Entry[]): Promise<number> {
  let removed = 0;
  for (let from = 0; from < entries.length; from += batch) {
    const part = entries.slice(from, from + batch).filter(({ metadata }) => metadata['modified'] !== undefined);
    const known = await store.get(part.map(({ id }) => id));
    const changed = part.filter(({ metadata }, i) => {
      const before = known[i]?.metadata;
      if (before?.['modified'] === undefined) return false;
      return before['modified'] !== metadata['modified'] || before['bytes'] !== metadata['bytes'];
    });
    if (changed.length > 0) removed += await store.delete(changed.map(({ id }) => id));
  }
  return removed;
}

/**
 * Removes what is no longer among the entries of a folder of data.
 *
 * @param root number of the folder: what others brought stays
 * @returns how many
 */
export async function removeMissing(store: VectorStore, entries: readonly Entry[], root: number): Promise<number> {
  const there = new Set(entries.map(({ id }) => id));
  const gone: string[] = [];
  for await (const { id, metadata } of store.items()) if (metadata['root'] === root && !there.has(id)) gone.push(id);
  let removed = 0;
  for (let from = 0; from < gone.length; from += batch) removed += await store.delete(gone.slice(from, from + batch));
  return removed;
}
