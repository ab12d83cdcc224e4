import type { TensorContainer } from '@tensorflow/tfjs-core';
import { requireInteger, requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { type Collated, type Column, collate } from './collate.js';
import type { Dataset } from './dataset.js';
import { arraySource, type Source } from './source.js';
import { type BatchOptions, batchSource } from './stages/batch.js';
import { type UniqueBatchOptions, uniqueBatchSource } from './stages/batch-without-duplicates.js';
import { type BucketOptions, bucketSource } from './stages/bucket-by-length.js';
import { concatenateSources } from './stages/concatenate.js';
import { expandSource } from './stages/expand.js';
import { filterSource } from './stages/filter.js';
import { type ItemFunction, type MapOptions, mapSource } from './stages/map.js';
import { type MapOrSkipOptions, mapOrSkipSource } from './stages/map-or-skip.js';
import { prefetchSource } from './stages/prefetch.js';
import { type ShuffleOptions, shuffleSource } from './stages/shuffle.js';
import { takeSource } from './stages/take.js';
import { type ZipOptions, type Zipped, zipSources } from './stages/zip.js';

/**
 * A stream of items and what is done to them, read anew for each epoch. A pipeline of batches is a `Dataset`, so `fit`
 * takes it, and `fit` can resume at any batch: order and augmentation are functions of seed, epoch and position, and
 * `iterateFrom` passes over what was already seen without decoding it, as long as only map, batch, take and prefetch
 * (and the shuffle of an array) come after the rows. Put shuffle and filter before decoding.
 *
 * Nothing is read before somebody iterates, and never more than the stages hold: the buffers of shuffle and buckets,
 * `concurrency` items in map, and `count` items of prefetch.
 *
 * @example
 * const rows = await manifest('captions.tsv').filter((row) => row.split === 'train').toArray();
 * const data = pipeline(rows)
 *   .shuffle({ seed: 1 })
 *   .map(oneCaption, { seed: 1 })
 *   .batch(32)
 *   .map(async (rows) => ({ text: await text.prepare(rows.map((row) => row.text)) }))
 *   .prefetch(2);
 */
export class Pipeline<T> implements Dataset<T>, Source<T> {
  readonly #source: Source<T>;
  readonly #stage: number;

  constructor(source: Source<T>, stage = 0) {
    this.#source = source;
    this.#stage = stage;
  }

  #then<U>(source: Source<U>): Pipeline<U> {
    return new Pipeline(source, this.#stage + 1);
  }

  /** Stages that were given the same seed still draw different numbers. */
  #seeded<O extends { seed?: number | string }>(options: O = {} as O): O {
    return { ...options, seed: `${options.seed ?? 0} at stage ${this.#stage}` };
  }

  /** Items per epoch, where that is known without reading. */
  get length(): number | undefined {
    return this.#source.length;
  }

  get batchesPerEpoch(): number | undefined {
    return this.#source.length;
  }

  get batched(): Source<T>['batched'] {
    return this.#source.batched;
  }

  /** Of a pipeline of batches: items per batch, where that is known. */
  get batchSize(): number | undefined {
    return this.batched?.size;
  }

  /** Of a pipeline of batches: items per epoch, where that is known without reading. */
  get size(): number | undefined {
    return this.batched?.items;
  }

  get items(): readonly T[] | undefined {
    return this.#source.items;
  }

  iterate(epoch = 0): AsyncIterable<T> {
    return this.iterateFrom(epoch, 0);
  }

  /** @throws CrossmodalError unless both are integers of at least 0. */
  iterateFrom(epoch: number, start: number): AsyncIterable<T> {
    requireInteger('iterateFrom: epoch', epoch, 0);
    requireInteger('iterateFrom: start', start, 0);
    return this.#source.iterateFrom(epoch, start);
  }

  /** Each item replaced by what `change` makes of it; `concurrency` of them are worked on at once, order is kept. */
  map<U>(change: ItemFunction<T, U>, options?: MapOptions): Pipeline<U> {
    assertKnownOptions('map', options ?? {}, ['concurrency', 'seed']);
    return this.#then(mapSource(this.#source, change, this.#seeded(options)));
  }

  /** Like map, but an item for which `change` throws is reported to `onSkip` and left out, up to `maximum` per epoch. */
  mapOrSkip<U>(change: ItemFunction<T, U>, options?: MapOrSkipOptions): Pipeline<U> {
    assertKnownOptions('mapOrSkip', options ?? {}, ['onSkip', 'maximum', 'concurrency', 'seed']);
    return this.#then(mapOrSkipSource(this.#source, change, this.#seeded(options)));
  }

  /** The items that `keep` accepts. */
  filter(keep: ItemFunction<T, boolean>, options?: MapOptions): Pipeline<T> {
    assertKnownOptions('filter', options ?? {}, ['concurrency', 'seed']);
    return this.#then(filterSource(this.#source, keep, this.#seeded(options)));
  }

  /** Each item replaced by any number of others, e.g. an image with five captions by five pairs. */
  expand<U>(change: ItemFunction<T, Iterable<U>>, options?: MapOptions): Pipeline<U> {
    assertKnownOptions('expand', options ?? {}, ['concurrency', 'seed']);
    return this.#then(expandSource(this.#source, change, this.#seeded(options)));
  }

  /** Another order in each epoch: of a whole array, or of a stream through a buffer. */
  shuffle(options?: ShuffleOptions): Pipeline<T> {
    assertKnownOptions('shuffle', options ?? {}, ['seed', 'buffer']);
    return this.#then(shuffleSource(this.#source, this.#seeded(options)));
  }

  /** Runs of `size` items as arrays. */
  batch(size: number, options?: BatchOptions): Pipeline<T[]> {
    assertKnownOptions('batch', options ?? {}, ['dropRemainder']);
    return this.#then(batchSource(this.#source, size, options));
  }

  /**
   * Batches in which no key stands twice, for contrastive losses: an item whose key is taken waits for a later batch. Put it
   * before decoding: to resume, the keys are read again from the beginning.
   *
   * @example
   * pipeline(rows).shuffle({ seed: 1 }).batchWithoutDuplicates(64, { keys: (row) => row.text });
   */
  batchWithoutDuplicates(size: number, options: UniqueBatchOptions<T>): Pipeline<T[]> {
    assertKnownOptions('batchWithoutDuplicates', options ?? {}, ['keys', 'dropRemainder']);
    return this.#then(uniqueBatchSource(this.#source, size, options));
  }

  /** Batches of items of similar length. */
  bucketByLength(options: BucketOptions<T>): Pipeline<T[]> {
    assertKnownOptions('bucketByLength', options ?? {}, ['length', 'boundaries', 'batchSize', 'dropRemainder']);
    return this.#then(bucketSource(this.#source, options));
  }

  /**
   * Batches of tensors from arrays of rows, one entry per column.
   *
   * @example
   * pipeline(rows).batch(32).collate({
   *   image: stacked((row) => row.image, { scale: 1 / 255 }),
   *   label: scalars((row) => row.label, { dtype: 'int32' }),
   * });
   */
  collate<C extends Record<string, Column<T extends readonly (infer Row)[] ? Row : never, TensorContainer>>>(
    columns: C,
  ): Pipeline<Collated<C>> {
    const toBatch = collate(columns as Record<string, Column<unknown, TensorContainer>>);
    return this.map((rows) => toBatch(rows as readonly unknown[]) as Collated<C>);
  }

  /** Makes up to `count` items ahead. */
  prefetch(count = 2): Pipeline<T> {
    return this.#then(prefetchSource(this.#source, count));
  }

  /** The first `count` items of each epoch. */
  take(count: number): Pipeline<T> {
    return this.#then(takeSource(this.#source, count));
  }

  /** The items of this pipeline, then those of the others. */
  concatenate(...others: readonly Source<T>[]): Pipeline<T> {
    return this.#then(concatenateSources([this.#source, ...others]));
  }

  /**
   * All items of an epoch. @throws CrossmodalError when there are more than `maximum`: this is for rows, not for pictures.
   */
  async toArray({
    epoch = 0,
    maximum = 10_000_000,
    ...others
  }: {
    epoch?: number;
    maximum?: number;
  } = {}): Promise<T[]> {
    assertKnownOptions('toArray', others, ['epoch', 'maximum']);
    const items: T[] = [];
    for await (const item of this.iterate(epoch)) {
      if (items.length >= maximum) {
        throw new CrossmodalError(`toArray: more than ${maximum} items`, {
          remedy: 'iterate over them, or raise maximum',
        });
      }
      items.push(item);
    }
    return items;
  }
}

/**
 * A pipeline over an array or over any source of items.
 *
 * @example for await (const batch of pipeline([1, 2, 3]).batch(2).iterate(0)) batch; // [1, 2], then [3]
 */
export function pipeline<T>(items: readonly T[] | Source<T>): Pipeline<T> {
  return new Pipeline(Array.isArray(items) ? arraySource<T>(items) : (items as Source<T>));
}

/**
 * Items of several sources side by side under their names, e.g. `{ source, target }` for domain adaptation. Sources that
 * are shorter than the longest begin their next epoch meanwhile, unless `until` is 'shortest'.
 *
 * @throws CrossmodalError when a source's length is unknown and `until` is 'longest'.
 * @example zip({ source: pipeline([1, 2, 3]), target: pipeline(['a', 'b']) }); // 1 a, 2 b, 3 a; then 1 b, 2 a, 3 b
 */
export function zip<S extends Record<string, Source<unknown>>>(
  sources: S,
  options: ZipOptions = {},
): Pipeline<Zipped<S>> {
  assertKnownOptions('zip', options, ['until']);
  requireOneOf('zip: until', options.until ?? 'longest', ['longest', 'shortest']);

  return new Pipeline(zipSources(sources, options));
}
