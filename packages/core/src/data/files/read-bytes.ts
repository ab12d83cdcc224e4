import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fileError, readingError } from './file-error.js';

const inflate = promisify(gunzip);

export interface ReadBytesOptions {
  /** Largest size in bytes, after decompression too. */
  maximum?: number;
}

/**
 * A whole file, decompressed if it is gzip.
 *
 * @throws CrossmodalError when it cannot be read, is larger than `maximum`, or is a damaged or cut gzip file.
 */
export async function readBytes(
  where: string,
  path: string,
  { maximum = 2 ** 30 }: ReadBytesOptions = {},
): Promise<Uint8Array> {
  const bytes = await readWhole(where, path, maximum);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: maximum });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw fileError(
        where,
        path,
        `holds more than ${maximum} bytes when decompressed`,
        'raise maximum if this is right',
        error,
      );
    }
    const message = error instanceof Error ? error.message : String(error);
    throw fileError(where, path, `is not a whole gzip file (${message})`, 'get the file again', error);
  }
}

async function readWhole(where: string, path: string, maximum: number): Promise<Uint8Array> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw fileError(where, path, 'is not a file', 'check the path');
    if (facts.size > maximum) {
      throw fileError(where, path, `has ${facts.size} bytes, more than ${maximum}`, 'raise maximum if this is right');
    }
    const handle = await open(path);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readingError(where, path, error);
  }
}
