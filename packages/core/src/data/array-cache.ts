import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeAtomically } from '../checkpoint/atomic-write.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Decoder } from './decoder.js';
import { formatNpy, parseNpy } from './files/npy.js';
import { readBytes } from './files/read-bytes.js';
import type { HostArray } from './host-array.js';
import type { Media } from './row.js';

export interface ArrayCacheOptions {
  folder: string;
  /**
   * Bytes the folder may hold; when they are used up, nothing more is added.
   * @default 64 * 2 ** 30
   */
  maximum?: number;
}

/** A decoder that remembers on disk. */
export interface CachedDecoder<Item extends Media> extends Decoder<Item> {
  readonly statistics: { readonly hits: number; readonly misses: number; readonly damaged: number };
}

const formatVersion = 1;

/**
 * A decoder that keeps the results of another one on disk, under the SHA-256 of the file's content and of the decoder's
 * settings: a file that is renamed is still found, one that changes is decoded anew, and other settings never meet.
 * Entries are written under another name and renamed, and carry a checksum; a damaged one is decoded and written again.
 *
 * @throws CrossmodalError what decoding throws; that the file cannot be read; that the folder cannot be made or written.
 * @example
 * const decoder = cached(imageDecoder({ size: 64 }), { folder: '.cache/images' });
 * pipeline(rows).map((row) => decoder.decode(row.image), { concurrency: 8 });
 */
export function cached<Item extends Media>(
  decoder: Decoder<Item>,
  { folder, maximum = 64 * 2 ** 30, ...others }: ArrayCacheOptions,
): CachedDecoder<Item> {
  assertKnownOptions('cached', others, ['folder', 'maximum']);

  const described = stableJson(decoder.settings);
  const home = join(folder, createHash('sha256').update(`${formatVersion} ${described}`).digest('hex').slice(0, 16));
  const statistics = { hits: 0, misses: 0, damaged: 0 };
  let used: Promise<number> | undefined;
  let added = 0;

  const decode = async (item: Item): Promise<HostArray> => {
    const content = typeof item === 'string' ? await readBytes('cached', item) : item;
    const key = createHash('sha256').update(content).digest('hex');
    const path = join(home, key.slice(0, 2), `${key.slice(2)}.npy`);
    const stored = await readFile(path).catch(() => undefined);
    if (stored) {
      const array = open(stored);
      if (array) {
        statistics.hits++;
        return array;
      }
      statistics.damaged++;
    }
    statistics.misses++;
    const array = await decoder.decode(item);
    const entry = seal(array);
    used ??= sizeOfFolder(folder);
    if ((await used) + added + entry.length <= maximum) {
      added += entry.length;
      await writeAtomically(path, entry, { where: 'cached', durable: false }); // its checksum tells whether it is whole
    }
    return array;
  };
  return { decode, statistics, settings: decoder.settings, close: () => decoder.close() };
}

/** The array as a .npy file with its checksum behind it. */
function seal(array: HostArray): Uint8Array {
  const bytes = formatNpy(array);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, trailer]);
}

function open(entry: Buffer): HostArray | undefined {
  if (entry.length < 4) return undefined;
  const bytes = entry.subarray(0, -4);
  return crc32(bytes) === entry.readUInt32LE(entry.length - 4) ? parseNpy(bytes, 'cache entry') : undefined;
}

async function sizeOfFolder(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let sum = 0;
  for (const file of files) {
    if (file.isFile())
      sum += await stat(join(file.parentPath, file.name)).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return sum;
}

/** JSON with sorted keys. @throws CrossmodalError for what JSON cannot say, which would make different settings look equal. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join()}]`;
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => `${JSON.stringify(key)}:${stableJson(part)}`)
      .join()}}`;
  }
  const plain = value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
  if (plain) return JSON.stringify(value);
  throw new CrossmodalError(
    `cached: settings must be plain JSON, got ${typeof value === 'object' ? (value as object).constructor?.name : String(value)} in them`,
  );
}
