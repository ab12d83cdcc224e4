import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where rendered pictures and spoken names are kept: `--cache`, CROSSMODAL_CACHE, or `.cache/bench` in the repository. */
export function cacheFolder(option: string | undefined, environment: NodeJS.ProcessEnv): string {
  return resolve(option ?? environment['CROSSMODAL_CACHE'] ?? join(root, '.cache', 'bench'));
}

/** Where results go: `--out`, or `reports/<name>` in the repository. */
export function reportFolder(option: string | undefined, name: string): string {
  return resolve(option ?? join(root, 'reports', name));
}
