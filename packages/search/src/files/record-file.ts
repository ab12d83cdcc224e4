import type { FileHandle } from 'node:fs/promises';
import { CrossmodalError } from '@crossmodal/core';
import { decodeHead, headBytes, isIntact, type RecordHead } from './record.js';

export interface ReadRecord {
  head: RecordHead;
  body: Uint8Array;
  /** Where the next record begins. */
  end: number;
}

/**
 * The records of a file from a position on. A last record that is not whole, because its writer was killed, ends the list; a
 * record that is damaged in the middle of the file is an error, because what follows was committed.
 *
 * @throws CrossmodalError with the position of the damage
 */
export async function* readRecords(file: FileHandle, path: string, from: number): AsyncGenerator<ReadRecord> {
  const { size } = await file.stat();
  for (let at = from; at < size; ) {
    const headData = await readAt(file, at, Math.min(headBytes, size - at));
    const head = decodeHead(headData);
    if (!head) {
      if (headData.length < headBytes || (await isZeroFrom(file, at, size))) return;
      throw damaged(path, at, size);
    }
    const length = head.jsonBytes + head.vectorBytes;
    const end = at + headBytes + length;
    if (end > size) return;
    const body = await readAt(file, at + headBytes, length);
    if (!isIntact(head, body)) {
      // The power may have failed before the last record reached the disk.
      if (end === size || (await isZeroFrom(file, end, size))) return;
      throw damaged(path, at, size);
    }
    yield { head, body, end };
    at = end;
  }
}

function damaged(path: string, at: number, size: number): CrossmodalError {
  return new CrossmodalError(`openFileStore: ${path} is damaged at byte ${at} of ${size}`, {
    remedy: `restore a copy; \`truncate -s ${at}\` keeps what was stored before`,
  });
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  // Memory of its own: vectors are views of it, and must be aligned.
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

async function isZeroFrom(file: FileHandle, from: number, size: number): Promise<boolean> {
  for (let at = from; at < size; at += 2 ** 20) {
    const bytes = await readAt(file, at, Math.min(2 ** 20, size - at));
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}
