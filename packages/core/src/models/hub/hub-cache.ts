import { homedir } from 'node:os';
import { join } from 'node:path';
import { CrossmodalError } from '../../errors.js';

/** Where the revisions of a model of the hub lie. */
export interface HubCache {
  /** Of the whole model. */
  readonly folder: string;
  /** The commit that a branch or tag stood for when it was last asked for. */
  reference(revision: string): string;
  /** The files of a commit, all of them or none. */
  snapshot(commit: string): string;
  /** What has come of a commit that is not whole yet. */
  partial(commit: string): string;
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** `~/.cache/crossmodal/hub`, unless CROSSMODAL_HUB_CACHE names another folder. */
export function usualCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['CROSSMODAL_HUB_CACHE'] ?? join(homedir(), '.cache', 'crossmodal', 'hub');
}

/**
 * The places of a model in a cache.
 *
 * @throws CrossmodalError when name or revision could lead out of the cache
 */
export function hubCache(cacheFolder: string, name: string, revision: string): HubCache {
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(name)) {
    throw new CrossmodalError(`hubFolder: name must be 'organisation/model', got ${JSON.stringify(name)}`);
  }
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(revision)) {
    throw new CrossmodalError(
      `hubFolder: revision must be a branch, a tag or a commit, got ${JSON.stringify(revision)}`,
    );
  }
  const folder = join(cacheFolder, name.replace('/', '--'));
  return {
    folder,
    reference: (revision) => join(folder, 'references', revision.replaceAll('/', '--')),
    snapshot: (commit) => join(folder, commit),
    partial: (commit) => join(folder, `.partial-${commit}`),
  };
}
