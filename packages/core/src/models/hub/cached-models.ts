import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKnownOptions } from '../../known-options.js';
import { usualCacheFolder } from './hub-cache.js';

/** A model that `hubFolder` fetched. */
export interface CachedModel {
  /** `organisation/model` */
  name: string;
  /** The commit that it is of. */
  commit: string;
  /** Path of its folder. */
  folder: string;
}

/**
 * The models that `hubFolder` fetched, by name; what has not come whole is none of them. Nothing is asked of the network.
 *
 * @returns none where there is no cache
 * @example
 * for (const { name, folder } of await cachedModels()) console.log(name, folder);
 */
export async function cachedModels({
  cacheFolder = usualCacheFolder(),
  ...others
}: {
  /**
   * Where models are kept; CROSSMODAL_HUB_CACHE, or `~/.cache/crossmodal/hub`, unless given.
   * @default usualCacheFolder()
   */
  cacheFolder?: string;
} = {}): Promise<CachedModel[]> {
  assertKnownOptions('cachedModels', others, ['cacheFolder']);
  const foldersIn = async (path: string): Promise<string[]> => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  };
  const models: CachedModel[] = [];
  for (const place of await foldersIn(cacheFolder)) {
    for (const snapshot of await foldersIn(join(cacheFolder, place))) {
      const commit = /^([0-9a-f]{40})(-[0-9a-f]{16})?$/.exec(snapshot)?.[1];
      if (commit === undefined) continue;
      models.push({ name: place.replace('--', '/'), commit, folder: join(cacheFolder, place, snapshot) });
    }
  }
  return models;
}
