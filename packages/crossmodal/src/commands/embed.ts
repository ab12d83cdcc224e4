import { join, resolve } from 'node:path';
import { useDevice } from '@crossmodal/core/device';
import { localFolder, shardSink } from '@crossmodal/search';
import { type Context, grouped, report } from '../cli/context.js';
import { embedEntries } from '../collection/embed-entries.js';
import { entriesOf } from '../collection/entries.js';
import { loadModel } from '../model/load-model.js';
import { type DataOptions, readData, usableItems } from './data.js';

export async function embedCommand(
  options: DataOptions & { model: string; out: string; batchSize: number },
  context: Context,
): Promise<void> {
  const { out, batchSize } = options;
  const { terminal, signal } = context;
  await useDevice(context.device as 'auto');
  const model = await loadModel(options.model);
  const inspection = await readData(options, context, { decode: false });
  const items = usableItems(inspection, context);
  const entries = [
    ...entriesOf(items, { modalities: model.modalities, root: resolve(inspection.root), rootNumber: 0 }),
  ];
  const sink = await shardSink(localFolder(out, { create: true }), { dimension: model.dimension });
  const bar = terminal.bar('embedding', entries.length);
  try {
    const result = await embedEntries(model, entries, {
      sink,
      total: entries.length,
      batchSize,
      quarantine: join(out, 'quarantine.jsonl'),
      signal,
      onProgress: ({ seen, rate }) => bar.update(seen, `${rate.toFixed(0)}/s`),
    });
    bar.stop();
    report(
      context,
      { out, ...result },
      () =>
        `${out}: ${grouped(result.embedded)} embedded, ${grouped(result.skipped)} were there, ${result.quarantined} could not be read`,
    );
  } finally {
    bar.stop();
  }
}
