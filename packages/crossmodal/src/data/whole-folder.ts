import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { pathKind } from './files.js';

/**
 * Makes a folder whole or not at all: under another name beside it, and renamed at the end. What was begun is removed when it fails, or is
 * stopped by Ctrl-C.
 *
 * @param make writes into the folder that it is given
 * @throws CrossmodalError when there is something of that name; what `make` throws
 */
export async function wholeFolder<T>(where: string, path: string, make: (folder: string) => Promise<T>): Promise<T> {
  if ((await pathKind(path)) !== undefined) {
    throw new CrossmodalError(`${where}: ${path} is there already`, { remedy: 'name a new folder' });
  }
  const part = `${path.replace(/[\\/]+$/, '')}.part-${process.pid}`;
  await mkdir(dirname(part), { recursive: true });
  try {
    await mkdir(part);
    const made = await make(part);
    await rename(part, path);
    return made;
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}
