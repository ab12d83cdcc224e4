import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { ModelFile, ModelFiles } from '../model-files/model-files.js';

/** A model has a few dozen files; a folder with more than this is something else, such as a home folder. */
const fileLimit = 10_000;
const depthLimit = 6;

/**
 * The files of a folder, read as they are asked for. Hidden files and folders are left out, links to folders are followed.
 *
 * @param options.links `inside`: a symbolic link that leads out of the folder is refused; `anywhere`: it is followed, for
 *   folders that are trusted, such as those in the cache of Python's huggingface_hub
 * @throws CrossmodalError when it is not a folder, a link leads out of it, or it holds too many files
 * @example
 * const files = await openFolder('models/all-MiniLM-L6-v2');
 */
export async function openFolder(
  path: string,
  {
    links = 'inside',
    ...others
  }: {
    /** @default 'inside' */
    links?: 'inside' | 'anywhere';
  } = {},
): Promise<ModelFiles> {
  assertKnownOptions('openFolder', others, ['links']);
  requireOneOf('openFolder: links', links, ['inside', 'anywhere']);
  const kind = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`;
    throw new CrossmodalError(`openFolder: ${path} ${what}`, {
      remedy: 'give the path of the folder of a model',
      cause,
    });
  });
  if (!kind.isDirectory()) {
    throw new CrossmodalError(`openFolder: ${path} is not a folder`, {
      remedy: 'give the folder that the file lies in',
    });
  }
  const root = await realpath(path);
  const files = new Map<string, ModelFile>();
  const walk = async (folder: string, depth: number, around: readonly string[]): Promise<void> => {
    const here = await realpath(folder);
    if (around.includes(here)) return; // a link to a folder that it lies in
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const place = join(folder, entry.name);
      const name = relative(root, place).split(sep).join('/');
      const file = entry.isDirectory() ? 'folder' : await fileAt(place, { root, name, label: join(path, name), links });
      if (file === 'folder') {
        if (depth < depthLimit) await walk(place, depth + 1, [...around, here]);
        continue;
      }
      if (!file) continue;
      if (files.size === fileLimit) {
        throw new CrossmodalError(`openFolder: ${path} holds more than ${fileLimit} files`, {
          remedy: 'give the folder of one model',
        });
      }
      files.set(name, file);
    }
  };
  await walk(root, 0, []);
  return files;
}

async function fileAt(
  place: string,
  { root, name, label, links }: { root: string; name: string; label: string; links: 'inside' | 'anywhere' },
): Promise<ModelFile | 'folder' | undefined> {
  const target = await realpath(place).catch(() => undefined);
  if (target === undefined) {
    throw new CrossmodalError(`openFolder: ${label} is a symbolic link that leads nowhere`, { remedy: 'remove it' });
  }
  if (links === 'inside' && target !== root && target !== join(root, name) && !target.startsWith(root + sep)) {
    throw new CrossmodalError(`openFolder: ${label} is a symbolic link out of the folder, to ${target}`, {
      remedy: "copy the file, or pass { links: 'anywhere' } if you trust the folder",
    });
  }
  const facts = await stat(target);
  if (facts.isDirectory()) return 'folder'; // by a link
  if (!facts.isFile()) return undefined;
  const { size } = facts;
  return {
    label,
    size,
    async read(begin = 0, end = size) {
      const handle = await open(target, 'r').catch((cause: Error) => {
        throw new CrossmodalError(`${label}: it cannot be read: ${cause.message}`, { cause });
      });
      try {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - begin));
        for (let done = 0; done < bytes.length; ) {
          // One system call reads at most two gigabytes.
          const { bytesRead } = await handle.read(bytes, done, Math.min(bytes.length - done, 2 ** 30), begin + done);
          if (bytesRead === 0) {
            throw new CrossmodalError(`${label}: it ended ${bytes.length - done} bytes early while it was read`);
          }
          done += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}
