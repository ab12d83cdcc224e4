import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Row, sampleRow, type TarSample, tarShards } from '@crossmodal/core/data';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import type { DataSource } from './source.js';
import { splitOfFile, withSplit } from './table.js';

/**
 * Tar shards in WebDataset's naming. Their pictures and recordings are unpacked into a folder of the cache, which training reads and the
 * search page shows; what is there already is not written again.
 */
export function shardSource(paths: readonly string[], { cache }: { cache: string }): DataSource {
  const root = join(cache, `shards-${createHash('sha256').update(paths.join('\n')).digest('hex').slice(0, 12)}`);
  async function* rows(): AsyncGenerator<Row> {
    for (const path of paths) {
      const samples = tarShards(path).map(async (sample) =>
        unpacked(sample, sampleRow(columnsOf(sample))(sample), root),
      );
      yield* withSplit(samples.iterate(0), splitOfFile(path));
    }
  }
  return { kind: 'tar shards', description: `${paths.length} shards; media unpacked to ${root}`, root, rows };
}

/** Which key of a sample's JSON holds the text, where none is called so. */
function columnsOf({ members }: TarSample): { columns?: { text: string } } {
  const json = members.get('json');
  if (!json || members.has('txt')) return {};
  let keys: string[];
  try {
    keys = Object.keys(JSON.parse(new TextDecoder().decode(json)) as object);
  } catch {
    return {}; // sampleRow says what is wrong with it
  }
  const text = ['text', 'caption', 'sentence', 'transcript', 'title', 'description'].find((name) =>
    keys.includes(name),
  );
  return text === undefined ? {} : { columns: { text } };
}

async function unpacked(sample: TarSample, row: Row, root: string): Promise<Row> {
  const written = { image: row.image, audio: row.audio };
  for (const role of ['image', 'audio'] as const) {
    const bytes = row[role];
    if (!(bytes instanceof Uint8Array)) continue;
    const extension = [...sample.members].find(([, content]) => content === bytes)?.[0] ?? 'bin';
    const name = `${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.${extension}`;
    const path = join(root, name.slice(0, 2), name);
    written[role] = path;
    if ((await stat(path).catch(() => undefined))?.size === bytes.length) continue;
    await writeAtomically(path, bytes, { where: 'data', durable: false }); // unpacked again where it is lost
  }
  return { ...row, ...written };
}
