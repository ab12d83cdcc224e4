import { assertKnownOptions, CrossmodalError, type Encoder, type Inputs, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Prepares and embeds items batch by batch, so that memory is bounded by the batch and not by the collection.
 *
 * @returns [items, dim]
 */
export async function embedItems(
  encoder: Encoder,
  items: readonly unknown[],
  embed: (inputs: Inputs) => Tensor2D,
  { batchSize = 64, ...others }: { batchSize?: number } = {},
): Promise<Tensor2D> {
  assertKnownOptions('embedItems', others, ['batchSize']);
  if (items.length === 0) throw new CrossmodalError('embedItems: there must be at least one item, got none');
  requireInteger('embedItems: batchSize', batchSize);
  const parts: Tensor2D[] = [];
  try {
    for (let first = 0; first < items.length; first += batchSize) {
      const inputs = await encoder.prepare(items.slice(first, first + batchSize), { training: false });
      try {
        parts.push(embed(inputs));
      } finally {
        tf.dispose(inputs);
      }
    }
    return tf.tidy(() => tf.concat(parts, 0));
  } finally {
    tf.dispose(parts);
  }
}
