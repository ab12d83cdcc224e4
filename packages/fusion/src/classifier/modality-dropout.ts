import type { Random } from '@crossmodal/core';
import { randomMask } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Which modalities take part, row by row: those that are present, and when training, each of them only with probability
 * 1 - rate. A row that would lose all keeps all.
 *
 * @returns [batch, 1] per modality
 * @see Neverova et al.: ModDrop (2016), section 3.2
 */
export function modalityDropout(
  modalities: readonly string[],
  present: Readonly<Record<string, Tensor1D | 'all' | 'none'>>,
  { size, rate, random, training }: { size: number; rate: number; random: Random; training: boolean },
): Record<string, Tensor2D> {
  const masks = modalities.map((name): Tensor2D => {
    const own = present[name];
    if (own === 'none') return tf.zeros([size, 1]);
    if (own === undefined || own === 'all') return tf.ones([size, 1]);
    return tf.cast(tf.greater(tf.reshape(own, [size, 1]), 0), 'float32') as Tensor2D;
  });
  let used = masks;
  if (training && rate > 0) {
    const drawn = masks.map(
      (mask) => tf.mul(mask, randomMask([size, 1], { random, probability: 1 - rate })) as Tensor2D,
    );
    const none = tf.cast(tf.equal(tf.addN(drawn), 0), 'float32');
    used = drawn.map((kept, i) => tf.add(kept, tf.mul(masks[i]!, none)) as Tensor2D);
  }
  return Object.fromEntries(modalities.map((name, i) => [name, used[i]!]));
}
