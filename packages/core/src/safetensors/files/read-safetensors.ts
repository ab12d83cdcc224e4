import { type FileHandle, open } from 'node:fs/promises';
import { CrossmodalError } from '../../errors.js';
import { headerLength, malformed, parseHeader, type SafetensorsHeader, type TensorEntry } from '../header.js';
import type { SafetensorsFile } from '../read.js';
import type { StoredTensor } from '../values.js';

/** An open file whose tensors are read one at a time. */
export interface OpenSafetensors {
  readonly metadata: ReadonlyMap<string, string>;
  /** Types and shapes by name, in the order of the data. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Reads one tensor. */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file, checks its header, and reads tensors as they are asked for: for files that are larger than what
 * is wanted of them. Close it afterwards.
 *
 * @throws CrossmodalError with the file and the reason when it cannot be read or is malformed
 * @example
 * const file = await openSafetensors('large.safetensors');
 * const table = toTensor(await file.read('embeddings.weight'));
 * await file.close();
 */
export async function openSafetensors(path: string): Promise<OpenSafetensors> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const header = await readHeader(file, path);
    return opened(file, header, path);
  } catch (error) {
    await file?.close();
    if (CrossmodalError.isInstance(error)) throw error;
    throw new CrossmodalError(`openSafetensors: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function readHeader(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const length = headerLength(await readExactly(file, 0, Math.min(8, size), path), size, path);
  return parseHeader(await readExactly(file, 8, length, path), size - 8 - length, path);
}

function opened(file: FileHandle, { metadata, entries, dataStart }: SafetensorsHeader, path: string): OpenSafetensors {
  return {
    metadata,
    entries,
    async read(name) {
      const entry = entries.get(name);
      if (!entry) throw new CrossmodalError(`openSafetensors: ${path} has no tensor '${name}'`);
      const bytes = await readExactly(file, dataStart + entry.begin, entry.end - entry.begin, path);
      return { dtype: entry.dtype, shape: entry.shape, bytes };
    },
    close: () => file.close(),
  };
}

async function readExactly(file: FileHandle, position: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    // One system call reads at most two gigabytes.
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (bytesRead === 0) throw malformed(path, `it ended ${length - done} bytes early while it was read`);
    done += bytesRead;
  }
  return bytes;
}

/**
 * Reads a whole safetensors file.
 *
 * @throws CrossmodalError with the file and the reason when it cannot be read or is malformed
 * @example
 * const { tensors } = await readSafetensors('model.safetensors');
 * const values = decodeValues(tensors.get('embeddings.weight')!);
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of file.entries.keys()) tensors.set(name, await file.read(name));
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}
