import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { isUnreadMedia, mediaKind } from '@crossmodal/core/data';

const video = new Set(['.mp4', '.mov', '.avi', '.mkv', '.webm']);
const plainSound = new Set(['.wav', '.wave']);

/** What a file holds, by its extension; `unreadable` for media of a kind that is not decoded. */
export function fileKind(name: string): 'image' | 'audio' | 'text' | 'unreadable' | undefined {
  return video.has(extname(name).toLowerCase()) || isUnreadMedia(name) ? 'unreadable' : mediaKind(name);
}

/** True for a recording that takes longer to decode than to read. */
export function isCompressedSound(name: string): boolean {
  return mediaKind(name) === 'audio' && !plainSound.has(extname(name).toLowerCase());
}

const limit = 10_000_000;

/**
 * The files below a folder, relative and sorted; names that begin with a dot are passed over. Links are followed, though not into a folder
 * that they lie in; one that leads nowhere is a file that cannot be read where its
 * name is that of a file.
 *
 * @throws CrossmodalError when a folder cannot be read, or a link leads nowhere and may have been a folder
 */
export async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (folder: string, around: readonly string[]): Promise<void> => {
    let entries: Dirent[];
    let here: string;
    try {
      [entries, here] = await Promise.all([readdir(folder, { withFileTypes: true }), realpath(folder)]);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new CrossmodalError(`inspect: ${folder}: cannot be read (${code ?? message})`, { cause });
    }
    if (around.includes(here)) return;
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      const target = entry.isSymbolicLink() ? await targetOf(path) : entry;
      if (target?.isDirectory()) await walk(path, [...around, here]);
      else if (target === undefined || target.isFile()) files.push(relative(root, path));
      if (files.length > limit) throw new CrossmodalError(`inspect: ${root}: holds more than ${limit} files`);
    }
  };
  await walk(root, []);
  return files.sort();
}

/** What a link leads to; undefined when it is named like a file, and leads nowhere. */
async function targetOf(link: string): Promise<Stats | undefined> {
  return stat(link).catch((cause: NodeJS.ErrnoException) => {
    if (fileKind(link) !== undefined) return undefined;
    throw new CrossmodalError(`inspect: ${link}: is a link that leads nowhere`, {
      remedy: 'correct or remove the link',
      cause,
    });
  });
}

/** `file`, `folder`, or undefined when there is nothing. */
export async function pathKind(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? 'folder' : found?.isFile() ? 'file' : undefined;
}
