import type { Dirent } from 'node:fs';
import { access, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import type { BlobFolder } from './blob-folder.js';

/**
 * The files of a folder on this machine, links followed. What is written is flushed and renamed into its place.
 *
 * @param options.create whether a folder that does not exist is one without files, and made when something is written
 * @throws CrossmodalError later, for a name that leads out of the folder, a link that leads nowhere, and for what the disk refuses
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
  async function* walk(
    folder: string,
    prefix: string,
    under: string,
    around: readonly string[],
  ): AsyncGenerator<string> {
    let names: Dirent[];
    let here: string;
    try {
      [names, here] = await Promise.all([readdir(folder, { withFileTypes: true }), realpath(folder)]);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (create && code === 'ENOENT' && folder === home) return;
      throw new CrossmodalError(`localFolder: ${folder} cannot be read (${code})`, { cause });
    }
    if (around.includes(here)) return; // a link to a folder that it lies in
    const visible = names.filter(({ name }) => !name.startsWith('.'));
    const entries = await Promise.all(visible.map((entry) => followed(folder, entry)));
    // As sorted names: a folder `a` stands where `a/` stands, so that the order is that of a bucket's keys.
    entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const { key, kind } of entries) {
      const name = `${prefix}${key}`;
      if (kind === 'folder') {
        if (name.startsWith(under) || under.startsWith(name))
          yield* walk(join(folder, key), name, under, [...around, here]);
      } else if (kind === 'file' && name.startsWith(under)) yield name;
    }
  }
  return {
    label: root,
    list({ under = '', ...others } = {}) {
      assertKnownOptions('localFolder.list', others, ['under']);
      return walk(home, '', under, []);
    },
    read: async (name) =>
      readFile(place(name)).catch((cause: NodeJS.ErrnoException) => {
        const problem = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code ?? cause.message})`;
        throw new CrossmodalError(`localFolder: ${join(root, name)} ${problem}`, { cause });
      }),
    write: async (name, bytes) => writeAtomically(place(name), bytes, { where: 'localFolder' }),
    has: async (name) =>
      access(place(name)).then(
        () => true,
        () => false,
      ),
  };
}

/** What an entry of a folder is, or what it leads to, and its key: folders end in a slash. */
async function followed(folder: string, entry: Dirent): Promise<{ key: string; kind: 'file' | 'folder' | undefined }> {
  const target = entry.isSymbolicLink()
    ? await stat(join(folder, entry.name)).catch((cause) => {
        throw new CrossmodalError(`localFolder: ${join(folder, entry.name)} is a link that leads nowhere`, {
          remedy: 'correct or remove the link',
          cause,
        });
      })
    : entry;
  const kind = target.isDirectory() ? 'folder' : target.isFile() ? 'file' : undefined;
  return { key: kind === 'folder' ? `${entry.name}/` : entry.name, kind };
}
