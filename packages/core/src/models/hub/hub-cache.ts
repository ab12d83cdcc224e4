import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CrossmodalError } from '../../errors.js';

/** Where the revisions of a model of the hub lie. */
export interface HubCache {
  /** Of the whole model. */
  readonly folder: string;
  /** The commit that a branch or tag stood for when it was last asked for. */
  reference(revision: string): string;
  /** The paths of all files of a commit, as JSON. */
  list(commit: string): string;
  /** The usual files of a commit, or those that a caller chose; all of them or none. */
  snapshot(commit: string, chosen?: readonly string[]): string;
  /** What has come of a snapshot that is not whole yet. */
  partial(commit: string, chosen?: readonly string[]): string;
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
  const nameOf = (commit: string, chosen?: readonly string[]): string => {
    if (!chosen) return commit;
    const paths = JSON.stringify([...chosen].sort());
    return `${commit}-${createHash('sha256').update(paths).digest('hex').slice(0, 16)}`;
  };
  return {
    folder,
    reference: (revision) => join(folder, 'references', revision.replaceAll('/', '--')),
    list: (commit) => join(folder, 'lists', `${commit}.json`),
    snapshot: (commit, chosen) => join(folder, nameOf(commit, chosen)),
    partial: (commit, chosen) => join(folder, `.partial-${nameOf(commit, chosen)}`),
  };
}
