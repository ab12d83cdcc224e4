import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';

/** Prefix of what is still being written; safe to remove when nobody writes. */
export const temporaryPrefix = '.writing-';

/** Pieces of a file, one after the other. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * A name beside what is being written: of this process, and of nobody else. The final name is no part of it, for it may be as long as a
 * name can be.
 */
export function temporaryName(): string {
  return `${temporaryPrefix}${process.pid}-${randomUUID()}`;
}

/** Makes a folder's entries durable: what was renamed into it survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    // Windows cannot flush a folder, and does not need it.
    await handle.sync().catch(() => {});
  } finally {
    await handle.close();
  }
}

/** Writes the pieces one after the other and, if it must last, flushes them to the disk. */
export async function writePieces(path: string, pieces: Pieces, { durable = true } = {}): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await handle.write(piece, at, Math.min(piece.length - at, 2 ** 30));
        at += bytesWritten;
      }
    }
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the disk can only be read',
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  EISDIR: 'there is a folder of that name',
  ENOTDIR: 'part of its path is a file, not a folder',
  EEXIST: 'part of its path is a file, not a folder',
  ENAMETOOLONG: 'its name is too long',
  EFBIG: 'it is too large for the disk',
  EMFILE: 'too many files are open',
};

/**
 * What is said when a file cannot be written: which, why (a full disk, no permission), and what to do. What was there before is still there.
 *
 * @param what the function and the path
 * @example
 * const error = Object.assign(new Error('write'), { code: 'ENOSPC' });
 * console.log(notWritten('example: log.txt', error).message); // example: log.txt could not be written: the disk is full (ENOSPC)
 */
export function notWritten(what: string, error: unknown): CrossmodalError {
  if (CrossmodalError.isInstance(error)) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new CrossmodalError(`${what} could not be written: ${reasons[code] ?? message} (${code || 'no code'})`, {
    remedy: code === 'ENOSPC' || code === 'EDQUOT' ? 'free space, or write to another disk' : 'choose another folder',
    cause: error,
  });
}

/**
 * Writes a file so that at each moment either the old or the whole new one is there: to a temporary file beside it, flushed, renamed, and
 * the folder flushed. Folders that are missing are made.
 *
 * @param content a text (UTF-8), bytes, or pieces of them as they come
 * @param options.where the function that messages begin with
 * @param options.durable whether it must survive a power cut; without, nothing is flushed, which suits caches that are checked when read
 * @throws CrossmodalError that names the file, the reason (a full disk, no permission) and the remedy; nothing is left behind then
 * @example
 * await writeAtomically('results/report.json', JSON.stringify({ accuracy: 0.9 }));
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | Pieces,
  {
    where,
    durable = true,
    ...others
  }: {
    where?: string;
    /** @default true */
    durable?: boolean;
  } = {},
): Promise<void> {
  assertKnownOptions('writeAtomically', others, ['where', 'durable']);
  const pieces =
    typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
  const folder = dirname(path);
  const temporary = join(folder, temporaryName());
  try {
    await mkdir(folder, { recursive: true });
    await writePieces(temporary, pieces, { durable });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // the first failure is what counts
    throw notWritten(where === undefined ? path : `${where}: ${path}`, error);
  }
  if (durable) await syncFolder(folder);
}
