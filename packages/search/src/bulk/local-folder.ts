import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { BlobFolder } from './blob-folder.js';

const partial = '.writing-';

/**
 * The files of a folder on this machine. What is written is flushed and renamed into its place.
 *
 * @param options.create whether a folder that does not exist is one without files, and made when something is written
 * @throws CrossmodalError later, for a name that leads out of the folder, and for what the disk refuses
 * @example
 * for await (const name of localFolder('photos').list()) console.log(name);
 */
export function localFolder(
  root: string,
  {
    create = false,
    ...others
  }: {
    /** @default false */
    create?: boolean;
  } = {},
): BlobFolder {
  assertKnownOptions('localFolder', others, ['create']);

  const home = resolve(root);
  const place = (name: string): string => {
    const path = resolve(home, name);
    if (!path.startsWith(home + sep)) {
      throw new CrossmodalError(`localFolder: ${JSON.stringify(name)} leads out of ${root}`);
    }
    return path;
  };
  async function* walk(folder: string, prefix: string, under: string): AsyncGenerator<string> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
      if (create && cause.code === 'ENOENT' && folder === home) return [];
      throw new CrossmodalError(`localFolder: ${folder} cannot be read (${cause.code})`, { cause });
    });
    // As sorted names: a folder `a` stands where `a/` stands, so that the order is that of a bucket's keys.
    const key = (entry: (typeof entries)[number]) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
    entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = `${prefix}${key(entry)}`;
      if (entry.isDirectory()) {
        if (name.startsWith(under) || under.startsWith(name)) yield* walk(join(folder, entry.name), name, under);
      } else if (entry.isFile() && name.startsWith(under)) yield name;
    }
  }
  return {
    label: root,
    list: ({ under = '' } = {}) => walk(home, '', under),
    read: async (name) =>
      readFile(place(name)).catch((cause: NodeJS.ErrnoException) => {
        const problem = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code ?? cause.message})`;
        throw new CrossmodalError(`localFolder: ${join(root, name)} ${problem}`, { cause });
      }),
    async write(name, bytes) {
      const path = place(name);
      await mkdir(dirname(path), { recursive: true });
      const temporary = join(dirname(path), `${partial}${basename(path)}-${randomUUID()}`);
      try {
        const file = await open(temporary, 'wx');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => {});
        throw new CrossmodalError(
          `localFolder: ${path} could not be written (${(cause as NodeJS.ErrnoException).code})`,
          {
            cause,
          },
        );
      }
    },
    has: async (name) =>
      access(place(name)).then(
        () => true,
        () => false,
      ),
  };
}
