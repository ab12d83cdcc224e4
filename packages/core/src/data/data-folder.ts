import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { dataSources } from './sets/sources.js';

export interface DataFolderOptions {
  /** What a `--data` option says; it goes before the environment variable. */
  data?: string | undefined;
  /** @default process.env */
  environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * The folder of a data set: `NAME` inside the folder that `--data` or, without it, CROSSMODAL_DATA names.
 *
 * @param name e.g. `mnist` or `bsds500/train`
 * @throws CrossmodalError when neither is given, or the folder does not exist there; the message says what to do.
 * @example const folder = dataFolder('mnist');
 */
export function dataFolder(
  name: string,
  { data, environment = process.env, ...others }: DataFolderOptions = {},
): string {
  assertKnownOptions('dataFolder', others, ['data', 'environment']);

  const given = data ?? environment['CROSSMODAL_DATA'];
  if (!given) {
    throw new CrossmodalError(`dataFolder: the data set "${name}" needs a folder, and none was named`, {
      remedy: `pass --data DIR, or set CROSSMODAL_DATA=DIR, to the folder that holds ${name}/${origin(name)}`,
    });
  }
  const folder = join(resolve(given), name);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    const source = data === undefined ? 'CROSSMODAL_DATA' : '--data';
    throw new CrossmodalError(`dataFolder: ${folder} does not exist`, {
      remedy: `${source} is ${given}: put ${name}/ there, or name another folder${origin(name)}`,
    });
  }
  return folder;
}

/** Where a set that is known comes from. */
function origin(name: string): string {
  const source = dataSources[name.split('/')[0] ?? ''];
  return source ? ` (from ${source.url}: ${source.layout})` : '';
}
