import { assertKnownOptions, CrossmodalError, type Encoder, type Inputs, requireInteger } from '@crossmodal/core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Places } from './stacked-cross-attention.js';

/** Regions or words of many items: [items, places, dimension] and [items, places]. Dispose with `tf.dispose`. */
export type PlaceTable = { sequence: Tensor3D; mask: Tensor2D };

/** Prepares and encodes items batch by batch. */
export async function encodePlaces(
  encoder: Encoder,
  items: readonly unknown[],
  encode: (inputs: Inputs) => Places,
  { batchSize = 64, ...others }: { batchSize?: number } = {},
): Promise<PlaceTable> {
  assertKnownOptions('encodeItems', others, ['batchSize']);
  requireInteger('encodeItems: batchSize', batchSize);
  if (items.length === 0) throw new CrossmodalError('encodeItems: there must be at least one item, got none');
  const parts: PlaceTable[] = [];
  try {
    for (let start = 0; start < items.length; start += batchSize) {
      const inputs = await encoder.prepare(items.slice(start, start + batchSize));
      try {
        parts.push(
          tf.tidy(() => {
            const { sequence, mask } = encode(inputs);
            const [rows, places] = sequence.shape;
            return { sequence, mask: mask ? tf.clone(mask) : tf.ones<tf.Rank.R2>([rows, places]) };
          }),
        );
      } finally {
        tf.dispose(inputs);
      }
    }
    return tf.tidy(() => ({
      sequence: tf.concat(
        parts.map(({ sequence }) => sequence),
        0,
      ),
      mask: tf.concat(
        parts.map(({ mask }) => mask),
        0,
      ),
    }));
  } finally {
    tf.dispose(parts);
  }
}
