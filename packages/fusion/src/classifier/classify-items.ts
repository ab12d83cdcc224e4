import { assertKnownOptions, CrossmodalError, type Encoder, requireInteger } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { FusionInputs } from './fusion-inputs.js';

/** Raw items by modality, in lists of equal length; undefined stands for an item that is missing. */
export type ModalityItems<Modality extends string = string> = { [M in Modality]?: readonly unknown[] };

/**
 * Prepares raw items batch by batch and applies a function to each batch; memory is bounded by the batch.
 *
 * @returns [items, dim]
 * @throws CrossmodalError when there is no item, lists differ in length, or an item has no modality at all
 */
export async function classifyItems<Modality extends string>(
  encoders: Record<Modality, Encoder>,
  items: ModalityItems<Modality>,
  apply: (batch: FusionInputs<Modality>) => Tensor2D,
  { batchSize = 64, ...others }: { batchSize?: number } = {},
): Promise<Tensor2D> {
  const where = 'classifyItems';
  assertKnownOptions(where, others, ['batchSize']);
  requireInteger(`${where}: batchSize`, batchSize);
  const lists = Object.entries(items) as [Modality, readonly unknown[]][];
  const unknown = lists.find(([name]) => !(name in encoders));
  if (unknown) {
    throw new CrossmodalError(
      `${where}: there is no modality '${unknown[0]}', only ${Object.keys(encoders).join(', ')}`,
    );
  }
  const count = lists[0]?.[1].length ?? 0;
  if (count === 0 || lists.some(([, list]) => list.length !== count)) {
    const lengths = lists.map(([name, list]) => `${name} ${list.length}`).join(', ');
    throw new CrossmodalError(
      `${where}: all modalities must have equally many items, one or more, got ${lengths || 'none'}`,
    );
  }
  const bare = Array.from({ length: count }, (_, i) => i).find((i) => lists.every(([, list]) => list[i] === undefined));
  if (bare !== undefined) throw new CrossmodalError(`${where}: item ${bare} has no modality at all`);
  const parts: Tensor2D[] = [];
  try {
    for (let start = 0; start < count; start += batchSize) {
      const end = Math.min(count, start + batchSize);
      const batch = await prepared(encoders, lists, start, end);
      try {
        parts.push(tf.tidy(() => apply(batch)));
      } finally {
        tf.dispose(batch as tf.TensorContainer);
      }
    }
    return tf.tidy(() => tf.concat(parts, 0));
  } finally {
    tf.dispose(parts);
  }
}

/** Items start ... end - 1: a missing one is prepared as another of its batch and marked. */
async function prepared<Modality extends string>(
  encoders: Record<Modality, Encoder>,
  lists: readonly [Modality, readonly unknown[]][],
  start: number,
  end: number,
): Promise<FusionInputs<Modality>> {
  const batch: Record<string, unknown> = {};
  const present: Record<string, Tensor1D> = {};
  try {
    for (const [name, list] of lists) {
      const own = list.slice(start, end);
      const placeholder = own.find((item) => item !== undefined);
      if (placeholder === undefined) continue;
      batch[name] = await encoders[name].prepare(own.map((item) => item ?? placeholder));
      if (own.includes(undefined)) present[name] = tf.tensor1d(own.map((item) => (item === undefined ? 0 : 1)));
    }
  } catch (error) {
    tf.dispose([batch as tf.TensorContainer, present]);
    throw error;
  }
  return { ...batch, present } as FusionInputs<Modality>;
}
