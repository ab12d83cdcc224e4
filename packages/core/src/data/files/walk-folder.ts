import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isUnreadMedia } from '../media-kind.js';
import { fileError, readingError } from './file-error.js';

/** Something in a folder, with links followed. */
export interface FolderEntry {
  /** As it is spelled on the disk. */
  name: string;
  isFolder: boolean;
}

/**
 * What a folder holds, sorted by name; links count as what they lead to. Names that begin with a dot are passed over.
 *
 * @throws CrossmodalError when the folder cannot be read, or a link in it leads nowhere.
 */
export async function folderEntries(where: string, folder: string): Promise<FolderEntry[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw readingError(where, folder, error);
  }
  const visible = entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    visible.map(async (entry) => {
      if (!entry.isSymbolicLink()) return { name: entry.name, isFolder: entry.isDirectory() };
      const path = join(folder, entry.name);
      try {
        return { name: entry.name, isFolder: (await stat(path)).isDirectory() };
      } catch (error) {
        throw fileError(where, path, 'is a link that leads nowhere', 'correct or remove the link', error);
      }
    }),
  );
}

/**
 * The files of a folder and of those in it, sorted, with links to folders followed, though not into a folder that they lie in.
 *
 * @throws CrossmodalError like `folderEntries`, and for pictures and recordings of a kind that is not decoded.
 */
export async function* folderFiles(
  where: string,
  folder: string,
  depth: number,
  around: readonly string[] = [],
): AsyncGenerator<string> {
  const here = await realpath(folder).catch((error) => {
    throw readingError(where, folder, error);
  });
  if (around.includes(here)) return;
  for (const { name, isFolder } of await folderEntries(where, folder)) {
    const path = join(folder, name);
    if (!isFolder) {
      if (isUnreadMedia(name)) {
        throw fileError(
          where,
          path,
          'is of a kind that is not read',
          'convert it (pictures: JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG; recordings: wav), or move it out of the folder',
        );
      }
      yield path;
    } else if (depth > 0) yield* folderFiles(where, path, depth - 1, [...around, here]);
  }
}
