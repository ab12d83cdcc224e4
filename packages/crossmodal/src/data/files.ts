import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
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
 * The files below a folder, relative and sorted; names that begin with a dot are passed over, links are not followed.
 *
 * @throws CrossmodalError when the folder cannot be read
 */
export async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(
    (cause: NodeJS.ErrnoException) => {
      throw new CrossmodalError(`inspect: ${root}: cannot be read (${cause.code ?? cause.message})`, { cause });
    },
  );
  const files: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = relative(root, join(entry.parentPath, entry.name));
    if (path.split(sep).some((part) => part.startsWith('.'))) continue;
    files.push(path);
    if (files.length > limit) throw new CrossmodalError(`inspect: ${root}: holds more than ${limit} files`);
  }
  return files.sort();
}

/** `file`, `folder`, or undefined when there is nothing. */
export async function pathKind(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? 'folder' : found?.isFile() ? 'file' : undefined;
}
