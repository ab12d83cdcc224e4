import type { TensorContainer, TensorContainerObject, TypedArray } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertBackend } from '../assert-backend.js';
import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';

/** Batches, epoch by epoch. The same epoch gives the same batches each time. */
export interface Dataset<Batch> {
  /** When it is known. */
  readonly batchesPerEpoch?: number | undefined;
  /** Items per epoch and per batch, when they are known: a run does not go on from a checkpoint of others. */
  readonly size?: number | undefined;
  readonly batchSize?: number | undefined;
  /** The batches of an epoch (the first is 0); each is disposed by whoever takes it. */
  iterate(epoch: number): AsyncIterable<Batch>;
  /** The same from batch number `start` on, without making those before. Without it, a resumed run makes and drops them. */
  iterateFrom?(epoch: number, start: number): AsyncIterable<Batch>;
}

export interface TensorDatasetOptions {
  batchSize: number;
  /** @default 0 */
  seed?: number | string;
  /** @default true */
  shuffle?: boolean;
  /**
   * Leaves out a last batch that is not full.
   * @default false
   */
  dropRemainder?: boolean;
}

/** A dataset that lies in memory; `dispose` is needed only when it was never iterated. */
export interface TensorDataset<Batch> extends Dataset<Batch> {
  readonly batchesPerEpoch: number;
  readonly size: number;
  readonly batchSize: number;
  dispose(): void;
}

interface Column {
  shape: number[];
  dtype: tf.DataType;
  values: TypedArray;
}

/**
 * Batches of rows of tensors in memory. The values are copied to the host when the first batch is asked for; the tensors
 * may be disposed at any time.
 *
 * @param tensors nested objects and arrays of tensors whose first dimensions are equal
 * @throws CrossmodalError when there is no tensor, when first dimensions differ, when the batch size is not in 1 ... rows
 * @example
 * const data = tensorDataset({ image, label }, { batchSize: 64, seed: 1 });
 * for await (const batch of data.iterate(0)) tf.dispose(batch);
 */
export function tensorDataset<B extends TensorContainerObject>(
  tensors: B,
  { batchSize, seed = 0, shuffle = true, dropRemainder = false, ...others }: TensorDatasetOptions,
): TensorDataset<B> {
  assertKnownOptions('tensorDataset', others, ['batchSize', 'seed', 'shuffle', 'dropRemainder']);
  assertBackend('tensorDataset');
  const flat: tf.Tensor[] = [];
  mapTensors(tensors, (tensor) => flat.push(tensor));
  const size = flat[0]?.shape[0];
  if (size === undefined || flat.some(({ shape }) => shape[0] !== size)) {
    throw new CrossmodalError(
      `tensorDataset: all tensors must have the same first dimension, got ${flat.map(({ shape }) => `[${shape}]`).join(', ') || 'none'}`,
    );
  }
  requireInteger('tensorDataset: batchSize', batchSize, 1, dropRemainder ? size : Number.POSITIVE_INFINITY);
  const batchesPerEpoch = dropRemainder ? Math.floor(size / batchSize) : Math.ceil(size / batchSize);
  let held: tf.Tensor[] | undefined = flat.map((tensor) => tf.keep(tf.clone(tensor)));
  let columns: Promise<Column[]> | undefined;
  const load = async (): Promise<Column[]> => {
    const sources = held ?? [];
    held = undefined;
    const values = await Promise.all(sources.map((tensor) => tensor.data()));
    const loaded = sources.map(({ shape, dtype }, i) => ({ shape, dtype, values: values[i]!.slice() }));
    tf.dispose(sources);
    return loaded;
  };

  async function* iterateFrom(epoch: number, start: number): AsyncGenerator<B> {
    columns ??= load();
    const loaded = await columns;
    const rows = Array.from({ length: size as number }, (_, i) => i);
    const order = shuffle ? new Random(seed).fork('shuffle').fork(epoch).shuffle(rows) : rows;
    for (let batch = start; batch < batchesPerEpoch; batch++) {
      const picked = order.slice(batch * batchSize, (batch + 1) * batchSize);
      let i = 0;
      yield mapTensors(tensors, () => gatherRows(loaded[i++]!, picked)) as B;
    }
  }
  return {
    batchesPerEpoch,
    size,
    batchSize,
    iterate: (epoch) => iterateFrom(epoch, 0),
    iterateFrom,
    dispose: () => tf.dispose(held),
  };
}

function gatherRows({ shape, dtype, values }: Column, rows: number[]): tf.Tensor {
  const width = tf.util.sizeFromShape(shape.slice(1));
  const Values = values.constructor as new (length: number) => TypedArray;
  const gathered = new Values(rows.length * width);
  rows.forEach((row, i) => {
    gathered.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return tf.tensor(gathered, [rows.length, ...shape.slice(1)], dtype);
}

/** The same nest of objects and arrays with each tensor replaced; anything else stays. */
export function mapTensors(nest: TensorContainer, change: (tensor: tf.Tensor) => unknown): unknown {
  if (nest instanceof tf.Tensor) return change(nest);
  if (Array.isArray(nest)) return nest.map((item: TensorContainer) => mapTensors(item, change));
  if (typeof nest === 'object' && nest !== null) {
    return Object.fromEntries(
      Object.entries(nest).map(([key, item]) => [key, mapTensors(item as TensorContainer, change)]),
    );
  }
  return nest;
}
