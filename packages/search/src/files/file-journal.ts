import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { notWritten, writeAtomically } from '@crossmodal/core/safetensors/files';
import type { ItemBatch, StoreShape } from '../check.js';
import type { Change, Journal } from '../exact/exact-store.js';
import { encodeChange, encodeRecord } from './record.js';

const pattern = /^vectors-(\d{6,})\.cmv$/;
const temporaryPattern = /^\.writing-|^writer\.lock-/;
export const formatVersion = 1;

/** Bytes of items that were replaced or removed which a file may have before it is written anew, if they are more than the rest. */
const tolerated = 2 ** 26;

export function fileName(number: number): string {
  return `vectors-${String(number).padStart(6, '0')}.cmv`;
}

/** The number of the newest file of a store; undefined where there is none. Those before it are left over from a change of files. */
export async function newestFile(folder: string): Promise<{ newest: number | undefined; older: string[] }> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []; // who makes it then says why it cannot be made
    throw new CrossmodalError(`openFileStore: ${folder} cannot be read (${error.code})`, { cause: error });
  });
  const numbers = names.flatMap((name) => (pattern.exec(name) ? [Number(pattern.exec(name)![1])] : []));
  const newest = numbers.length > 0 ? Math.max(...numbers) : undefined;
  const older = numbers.filter((number) => number !== newest).map(fileName);
  return { newest, older: [...older, ...names.filter((name) => temporaryPattern.test(name))] };
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], from: number): Promise<number> {
  let position = from;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const { bytesWritten } = await file.write(piece, at, Math.min(piece.length - at, 2 ** 30), position);
      at += bytesWritten;
      position += bytesWritten;
    }
  }
  return position;
}

/** Writes a whole store into a new file, which appears under its name when it is complete. Gives its size. */
export async function writeFileOf(
  folder: string,
  number: number,
  shape: StoreShape,
  { where, batches }: { where: string; batches: Iterable<ItemBatch> | AsyncIterable<ItemBatch> },
): Promise<number> {
  let size = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const { dimension, similarity, fields } = shape;
    const first = { format: 'crossmodal vectors', version: formatVersion, dimension, similarity, fields };
    yield* encodeRecord('shape', first);
    for await (const upsert of batches) for (const record of encodeChange({ upsert })) yield* record;
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces()) {
      size += piece.length;
      yield piece;
    }
  }
  await writeAtomically(join(folder, fileName(number)), counted(), { where });
  return size;
}

export interface FileJournalOptions {
  folder: string;
  shape: StoreShape;
  number: number;
  /** Bytes of the file that are whole records. */
  size: number;
  unlock(): Promise<void>;
}

/** Appends changes to the newest file of a folder, and writes the file anew when most of it is of no use any more. */
export async function fileJournal({ folder, shape, unlock, ...start }: FileJournalOptions): Promise<Journal> {
  let { number, size } = start;
  let file = await open(join(folder, fileName(number)), 'r+');
  let broken: unknown;
  await file.truncate(size);

  const append = async (change: Change): Promise<void> => {
    if (broken) {
      throw new CrossmodalError(`openFileStore: ${folder} cannot be written since an earlier failure`, {
        remedy: 'close the store and open it again',
        cause: broken,
      });
    }
    let end = size;
    try {
      for (const pieces of encodeChange(change)) end = await writeAll(file, pieces, end);
      await file.datasync();
      size = end;
    } catch (error) {
      // A record without its rest would hide what is appended after it.
      await file.truncate(size).catch((failure: unknown) => {
        broken = failure;
      });
      throw notWritten(`openFileStore: nothing of this call was stored; ${join(folder, fileName(number))}`, error);
    }
  };

  let limit = tolerated;
  const settle = async (batches: Iterable<ItemBatch>, count: number): Promise<void> => {
    const useful = count * (4 * shape.dimension + 100);
    if (size < 2 * useful + limit) return;
    let next: number;
    try {
      next = await writeFileOf(folder, number + 1, shape, { where: 'openFileStore', batches });
    } catch {
      // Everything is stored; only room is not won, perhaps for want of room. The next try is when the file has doubled.
      limit = 2 * size;
      return;
    }
    try {
      const old = file;
      file = await open(join(folder, fileName(number + 1)), 'r+');
      await old.close();
      await rm(join(folder, fileName(number)), { force: true });
    } catch (error) {
      broken = error; // the new file counts from now on, and what is appended to the old one would be lost
    }
    number++;
    size = next;
    limit = tolerated;
  };

  return {
    append,
    settle,
    async close() {
      await file.close();
      await unlock();
    },
  };
}
