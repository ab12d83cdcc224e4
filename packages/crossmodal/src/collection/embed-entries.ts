import { readFile } from 'node:fs/promises';
import type { DualEncoder } from '@crossmodal/alignment';
import { decodeImage } from '@crossmodal/encoders-vision';
import { type BulkProgress, type BulkSink, bulkEmbed } from '@crossmodal/search';
import { soundPool } from '../data/sound-pool.js';
import type { Modality } from '../model/load-model.js';
import type { Entry } from './entries.js';

/** What an encoder takes of an entry; a picture is opened here, so that a broken one does not spoil its batch. */
async function decoded({ kind, content }: Entry, sounds: ReturnType<typeof soundPool>): Promise<unknown> {
  if (kind === 'text') return content;
  if (kind === 'audio') return sounds.run({ source: content, label: content });
  const bytes = await readFile(content);
  await decodeImage(bytes, { size: 8 });
  return bytes;
}

/** Embeds entries into a sink: those that are there are passed over, those that cannot be read are listed. */
export async function embedEntries(
  model: DualEncoder<Modality>,
  entries: Iterable<Entry>,
  options: {
    sink: BulkSink;
    total: number;
    batchSize: number;
    quarantine: string;
    signal: AbortSignal;
    onProgress: (progress: BulkProgress) => void;
  },
): Promise<BulkProgress> {
  const sounds = soundPool();
  const work = bulkEmbed<Entry, unknown>(entries, {
    ...options,
    id: ({ id }) => id,
    decode: (entry) => decoded(entry, sounds),
    metadata: ({ metadata }) => metadata,
    async embed(batch, items) {
      const vectors: ArrayLike<number>[] = new Array(batch.length);
      for (const modality of model.modalities) {
        const rows = items.flatMap(({ kind }, i) => (kind === modality ? [i] : []));
        if (rows.length === 0) continue;
        const embedded = await model.embedItems(
          modality,
          rows.map((i) => batch[i]),
          { batchSize: options.batchSize },
        );
        const values = (await embedded.data()) as Float32Array;
        const [, dimension] = embedded.shape;
        embedded.dispose();
        rows.forEach((row, i) => {
          vectors[row] = values.slice(i * dimension, (i + 1) * dimension);
        });
      }
      return vectors;
    },
  });
  return work.finally(() => sounds.close());
}
