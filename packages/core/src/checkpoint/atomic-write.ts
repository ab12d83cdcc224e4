import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CrossmodalError } from '../errors.js';

/** Prefix of what is still being written; safe to remove when nobody writes. */
export const temporaryPrefix = '.writing-';

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

/** Writes the pieces one after the other and flushes them to the disk. */
export async function writeDurably(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await handle.write(piece, at, Math.min(piece.length - at, 2 ** 30));
        at += bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the disk can only be read',
  EACCES: 'there is no permission',
};

/** What is said when a file cannot be written: which, why, and what to do. What was there before is still there. */
export function notWritten(what: string, error: unknown): CrossmodalError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new CrossmodalError(`${what} could not be written: ${reasons[code] ?? message} (${code || 'no code'})`, {
    remedy: code === 'ENOSPC' || code === 'EDQUOT' ? 'free space, or write to another disk' : 'choose another folder',
    cause: error,
  });
}

/**
 * Writes a file so that at each moment either the old or the whole new one is there: to a temporary file beside it,
 * flushed, renamed, and the folder flushed.
 */
export async function writeAtomically(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `${temporaryPrefix}${basename(path)}-${randomUUID()}`);
  try {
    await writeDurably(temporary, pieces);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw notWritten(path, error);
  }
  await syncFolder(folder);
}
