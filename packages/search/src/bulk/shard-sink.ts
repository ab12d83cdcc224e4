import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { parseSafetensors, safetensorsPieces } from '@crossmodal/core/safetensors';
import type { StoredItem, VectorItem } from '../vector-store.js';
import type { BlobFolder } from './blob-folder.js';
import type { BulkSink } from './sink.js';

export interface ShardSinkOptions {
  /** Length of the vectors. */
  dimension: number;
  /**
   * Rows of a shard. What is not yet in a shard is lost when the process is killed, and made again.
   * @default 4096
   */
  rows?: number;
  /**
   * What the names of shards begin with; workers that share a folder must have different ones.
   * @default 'part'
   */
  prefix?: string;
}

const known: Record<keyof ShardSinkOptions, true> = { dimension: true, rows: true, prefix: true };
export const extension = '.safetensors';

/**
 * Embeddings go into shards, `part-000000.safetensors` and so on: the tensor `vectors` [rows, dimension], float32, and `items`,
 * JSON lines of `{ id, metadata }` as bytes. A shard is there whole or not at all.
 *
 * The ids of shards that are there are read at the beginning and held in memory.
 *
 * @throws CrossmodalError when the dimension does not fit shards that are there
 * @example
 * const sink = await shardSink(localFolder('shards'), { dimension: 512 });
 */
export async function shardSink(folder: BlobFolder, options: ShardSinkOptions): Promise<BulkSink> {
  assertKnownOptions('shardSink', options, known);
  const { dimension, rows = 4096, prefix = 'part' } = options;
  requireInteger('shardSink: dimension', dimension);
  requireInteger('shardSink: rows', rows);
  const written = new Set<string>();
  let number = 0;
  for await (const name of folder.list()) {
    if (!name.endsWith(extension)) continue;
    for (const { id, vector } of parseShard(await folder.read(name), name)) {
      if (vector.length !== dimension) {
        throw new CrossmodalError(
          `shardSink: ${folder.label}/${name} has dimension ${vector.length}, got ${dimension}`,
        );
      }
      written.add(id);
    }
    const own = name.startsWith(`${prefix}-`) ? Number(name.slice(prefix.length + 1, -extension.length)) : Number.NaN;
    if (own >= number) number = own + 1;
  }
  let waiting: VectorItem[] = [];
  const put = async (items: readonly VectorItem[]): Promise<void> => {
    const name = `${prefix}-${String(number).padStart(6, '0')}${extension}`;
    await folder.write(name, shardBytes(items, dimension));
    number++;
  };
  return {
    has: async (ids) => ids.map((id) => written.has(id)),
    async write(items) {
      for (const item of items) {
        if (
          item.vector.length !== dimension ||
          !Array.from(item.vector).every((value) => Number.isFinite(Math.fround(value)))
        ) {
          throw new CrossmodalError(
            `shardSink: the vector of ${JSON.stringify(item.id)} must be ${dimension} finite numbers`,
          );
        }
        if (written.has(item.id)) continue;
        written.add(item.id);
        waiting.push(item);
      }
      while (waiting.length >= rows) {
        await put(waiting.slice(0, rows));
        waiting = waiting.slice(rows);
      }
    },
    async flush() {
      if (waiting.length > 0) await put(waiting);
      waiting = [];
    },
  };
}

/** The bytes of a shard. */
export function shardBytes(items: readonly VectorItem[], dimension: number): Uint8Array {
  const vectors = new Float32Array(items.length * dimension);
  items.forEach(({ vector }, i) => {
    vectors.set(vector, i * dimension);
  });
  const lines = items.map(({ id, metadata = {} }) => JSON.stringify({ id, metadata })).join('\n');
  const text = new TextEncoder().encode(lines);
  const tensors = {
    vectors: { dtype: 'F32' as const, shape: [items.length, dimension], bytes: new Uint8Array(vectors.buffer) },
    items: { dtype: 'U8' as const, shape: [text.length], bytes: text },
  };
  return Buffer.concat(safetensorsPieces(tensors, { metadata: { format: 'crossmodal vectors' } }));
}

function parseShard(bytes: Uint8Array, name: string): StoredItem[] {
  const { tensors } = parseSafetensors(Uint8Array.from(bytes), { source: name });
  const [vectors, items] = [tensors.get('vectors'), tensors.get('items')];
  const [rows, dimension] = vectors?.shape ?? [];
  if (!vectors || !items || vectors.dtype !== 'F32' || rows === undefined || dimension === undefined) {
    throw new CrossmodalError(`readShards: ${name} is no shard of vectors`);
  }
  const lines = rows === 0 ? [] : new TextDecoder().decode(items.bytes).split('\n');
  if (lines.length !== rows)
    throw new CrossmodalError(`readShards: ${name} has ${rows} vectors and ${lines.length} items`);
  const values = new Float32Array(Uint8Array.from(vectors.bytes).buffer);
  return lines.map((line, i) => {
    const { id, metadata } = JSON.parse(line) as Pick<StoredItem, 'id' | 'metadata'>;
    return { id, metadata, vector: values.slice(i * dimension, (i + 1) * dimension) };
  });
}

/**
 * The items of all shards of a folder, one shard in memory at a time.
 *
 * @throws CrossmodalError naming the shard that is damaged
 * @example
 * for await (const { id, vector } of readShards(localFolder('shards'))) console.log(id, vector.length);
 */
export async function* readShards(folder: BlobFolder): AsyncGenerator<StoredItem> {
  for await (const name of folder.list()) {
    if (name.endsWith(extension)) yield* parseShard(await folder.read(name), name);
  }
}
