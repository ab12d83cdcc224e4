import { join, resolve } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { storeSink } from '@crossmodal/search';
import { type Context, grouped, report } from '../cli/context.js';
import { removeChanged, removeMissing, withStamps } from '../collection/changed-files.js';
import { type Collection, checkModel, findCollection, writeCollection } from '../collection/collection.js';
import { embedEntries } from '../collection/embed-entries.js';
import { entriesOf } from '../collection/entries.js';
import { newTable, openStore, storeAddress } from '../collection/open-store.js';
import { loadModel } from '../model/load-model.js';
import { modelDigest } from '../model/model-digest.js';
import { type DataOptions, readData, usableItems } from './data.js';

interface IndexOptions extends DataOptions {
  model: string;
  index: string;
  store?: string;
  batchSize: number;
  prune?: boolean;
}

export async function indexCommand(options: IndexOptions, context: Context): Promise<void> {
  const { index: folder, batchSize } = options;
  const { terminal, signal } = context;
  const address = options.store === undefined ? undefined : storeAddress(options.store);
  await useDevice(context.device as 'auto');
  const model = await loadModel(options.model);
  const inspection = await readData(options, context, { decode: false });
  const items = usableItems(inspection, context);
  const before = await findCollection(folder);
  if (before) await checkModel('index', { ...before, model: resolve(options.model) });
  const root = resolve(inspection.root);
  const collection = joinedCollection(before, {
    folder,
    root,
    store: address,
    model: resolve(options.model),
    modelSha256: before?.modelSha256 ?? (await modelDigest(options.model)),
    dimension: model.dimension,
    modalities: model.modalities,
  });
  const rootNumber = collection.roots.indexOf(root);
  const entries = await withStamps([...entriesOf(items, { modalities: model.modalities, root, rootNumber })]);
  const store = await openStore(collection, { folder, dimension: model.dimension });
  const bar = terminal.bar('embedding', entries.length);
  try {
    await writeCollection(folder, collection);
    const changed = await removeChanged(store, entries);
    const pruned = options.prune ? await removeMissing(store, entries, rootNumber) : 0;
    const result = await embedEntries(model, entries, {
      sink: storeSink(store),
      total: entries.length,
      batchSize,
      quarantine: join(folder, 'quarantine.jsonl'),
      signal,
      onProgress: ({ seen, rate, quarantined }) =>
        bar.update(seen, `${rate.toFixed(0)}/s${quarantined > 0 ? `, ${quarantined} broken` : ''}`),
    });
    bar.stop();
    const count = await store.count();
    const stopped = signal.aborted ? '; stopped, the same command goes on' : '';
    report(context, { index: folder, count, ...result, changed, pruned }, () =>
      [
        `${folder}: ${grouped(result.embedded)} embedded, ${grouped(result.skipped)} were there, ${grouped(count)} in all${stopped}`,
        ...(changed > 0 ? [`${grouped(changed)} of them were there and had changed`] : []),
        ...(pruned > 0 ? [`${grouped(pruned)} removed that are no longer in the data`] : []),
        ...(result.quarantined > 0
          ? [`${result.quarantined} could not be read; reasons in ${join(folder, 'quarantine.jsonl')}`]
          : []),
      ].join('\n'),
    );
  } finally {
    bar.stop();
    await store.close();
  }
}

/** The index with another folder of data. @throws CrossmodalError when it is of another store */
function joinedCollection(
  before: Collection | undefined,
  {
    folder,
    root,
    store,
    ...model
  }: Pick<Collection, 'model' | 'modelSha256' | 'dimension' | 'modalities'> & {
    folder: string;
    root: string;
    store: string | undefined;
  },
): Collection {
  if (!before)
    return {
      format: 'crossmodal index',
      version: 1,
      ...model,
      roots: [root],
      ...(store === undefined ? {} : { store, table: newTable(folder) }),
    };
  if (store !== undefined && store !== before.store) {
    throw new CrossmodalError(`index: ${folder} keeps its vectors in ${before.store ?? 'files'}, got ${store}`, {
      remedy: 'name another folder with --index',
    });
  }
  // The same model may have moved.
  return { ...before, model: model.model, roots: before.roots.includes(root) ? before.roots : [...before.roots, root] };
}
