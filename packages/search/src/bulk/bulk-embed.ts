import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { mapConcurrently, pipeline } from '@crossmodal/core/data';
import type { Metadata, VectorItem } from '../vector-store.js';
import { Quarantine } from './quarantine.js';
import type { BulkSink, QuarantinedItem } from './sink.js';

/** Where the work stands. */
export interface BulkProgress {
  /** Items seen so far, in all three ways. */
  seen: number;
  embedded: number;
  /** They were there already. */
  skipped: number;
  quarantined: number;
  total: number | undefined;
  /** Items embedded per second. */
  rate: number;
  /** Where the total is known, once there is a rate. */
  secondsLeft: number | undefined;
}

export interface BulkOptions<Item, Decoded> {
  /** A name of its own for each item, the same in each run: a path. */
  id: (item: Item) => string;
  /** What `embed` takes of an item; off the main thread, such as `pool.run` of a `workerPool`. What it throws quarantines the item. */
  decode: (item: Item) => Decoded | Promise<Decoded>;
  /** Vectors of a batch, in its order. What it throws ends the work. */
  embed: (batch: readonly Decoded[], items: readonly Item[]) => Promise<readonly ArrayLike<number>[]>;
  /** What is stored beside the vector. */
  metadata?: (item: Item) => Metadata;
  sink: BulkSink;
  /** A file for the list of items that could not be decoded, with reasons. They are not tried again unless it is removed. */
  quarantine?: string;
  /** @default 64 */
  batchSize?: number;
  /**
   * Items that are decoded at once.
   * @default 8
   */
  concurrency?: number;
  /**
   * Batches that are decoded ahead of the one that is embedded.
   * @default 2
   */
  ahead?: number;
  /** How many items there are, where it is known. */
  total?: number;
  onProgress?: (progress: BulkProgress) => void;
  onQuarantine?: (item: QuarantinedItem) => void;
  /** Ends the work after the batch that is under way. The sink is told that items are missing: `jobShard` then throws. */
  signal?: AbortSignal;
}

const knownOptions: Record<keyof BulkOptions<unknown, unknown>, true> = {
  id: true,
  decode: true,
  embed: true,
  metadata: true,
  sink: true,
  quarantine: true,
  batchSize: true,
  concurrency: true,
  ahead: true,
  total: true,
  onProgress: true,
  onQuarantine: true,
  signal: true,
};

interface DecodedBatch<Item, Decoded> {
  seen: number;
  skipped: number;
  items: Item[];
  decoded: Decoded[];
  bad: QuarantinedItem[];
  /** Ids that no other batch may take meanwhile. */
  taken: string[];
}

/**
 * Embeds a stream of items into a store or into shards. No more than a few batches are in memory. Items that are there already
 * are passed over, so the same call goes on where one that was stopped or killed ended: no item is missing, none is there twice.
 * Items that cannot be decoded are listed with the reason, and do not stop the others.
 *
 * @throws CrossmodalError when an option is out of range or an item has no id; what `embed` and the sink throw
 * @example
 * const { quarantined } = await bulkEmbed(files, {
 *   id: (file) => file,
 *   decode: (file) => decoder.decode(file),
 *   embed: async (pictures) => (await model.embedItems('image', pictures)).array(),
 *   sink: storeSink(store),
 *   quarantine: 'quarantine.jsonl',
 * });
 */
export async function bulkEmbed<Item, Decoded>(
  items: AsyncIterable<Item> | Iterable<Item>,
  options: BulkOptions<Item, Decoded>,
): Promise<BulkProgress> {
  assertKnownOptions('bulkEmbed', options, knownOptions);
  const { id, decode, embed, metadata, sink, total, onProgress, onQuarantine, signal } = options;
  const { batchSize = 64, concurrency = 8, ahead = 2 } = options;
  for (const [name, value] of Object.entries({ batchSize, concurrency, ahead })) {
    requireInteger(`bulkEmbed: ${name}`, value);
  }
  const quarantine = await Quarantine.open(options.quarantine);

  // Batches are prepared ahead: an id of one that is not yet written is not yet in the sink.
  const underWay = new Set<string>();
  const prepare = async (batch: readonly Item[]): Promise<DecodedBatch<Item, Decoded>> => {
    const ids = batch.map(id);
    const wrong = ids.find((name) => typeof name !== 'string' || name === '');
    if (wrong !== undefined)
      throw new CrossmodalError(`bulkEmbed: an id must be a text that is not empty, got ${JSON.stringify(wrong)}`);
    const taken = [...new Set(ids)].filter((name) => !underWay.has(name));
    const own = new Set(taken.map((name) => ids.indexOf(name)));
    for (const name of taken) underWay.add(name);
    const there = await sink.has(ids);
    const fresh = batch.filter((_, i) => own.has(i) && !there[i] && !quarantine.has(ids[i] as string));
    const result: DecodedBatch<Item, Decoded> = {
      seen: batch.length,
      skipped: batch.length - fresh.length,
      items: [],
      decoded: [],
      bad: [],
      taken,
    };
    const decoded = await mapConcurrently(
      fresh,
      async (item) => {
        try {
          return { value: await decode(item) };
        } catch (error) {
          return { reason: error instanceof Error ? error.message : String(error) };
        }
      },
      { concurrency },
    );
    decoded.forEach((outcome, i) => {
      const item = fresh[i] as Item;
      if ('reason' in outcome) result.bad.push({ id: id(item), reason: outcome.reason as string });
      else {
        result.items.push(item);
        result.decoded.push(outcome.value);
      }
    });
    return result;
  };

  const began = performance.now();
  const state = { seen: 0, embedded: 0, skipped: 0, quarantined: 0 };
  const progress = (): BulkProgress => {
    const seconds = (performance.now() - began) / 1000;
    const rate = seconds > 0 ? state.embedded / seconds : 0;
    const left = total === undefined || rate === 0 ? undefined : Math.max(0, total - state.seen) / rate;
    return { ...state, total, rate, secondsLeft: left };
  };
  const source = {
    iterateFrom: () =>
      (async function* () {
        yield* items as AsyncIterable<Item>;
      })(),
  };
  const batches = pipeline<Item>(source).batch(batchSize).map(prepare).prefetch(ahead);
  let complete = true;
  for await (const batch of batches.iterate(0)) {
    await quarantine.add(batch.bad);
    for (const item of batch.bad) onQuarantine?.(item);
    if (batch.items.length > 0) {
      const vectors = await embed(batch.decoded, batch.items);
      if (vectors.length !== batch.items.length) {
        throw new CrossmodalError(
          `bulkEmbed: embed must give one vector per item, got ${vectors.length} for ${batch.items.length}`,
        );
      }
      await sink.write(
        batch.items.map(
          (item, i): VectorItem => ({
            id: id(item),
            vector: vectors[i] as ArrayLike<number>,
            ...(metadata ? { metadata: metadata(item) } : {}),
          }),
        ),
      );
    }
    for (const name of batch.taken) underWay.delete(name);
    state.seen += batch.seen;
    state.skipped += batch.skipped;
    state.embedded += batch.items.length;
    state.quarantined += batch.bad.length;
    onProgress?.(progress());
    if (signal?.aborted) {
      complete = false;
      break;
    }
  }
  await sink.flush({ complete });
  return progress();
}
