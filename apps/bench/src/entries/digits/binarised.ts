import { type Random, randomUniform } from '@crossmodal/core';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import * as tf from '@tensorflow/tfjs-core';

/** Pixels that are on with the probability that their grey says: [pictures, 784]; the control has them in another order. */
export function binarised(
  { images }: LabelledImages,
  indices: readonly number[],
  { random, order }: { random: Random; order?: readonly number[] | undefined },
): tf.Tensor2D {
  const grey = new Float32Array(indices.length * 784);
  indices.forEach((index, row) => {
    for (let i = 0; i < 784; i++) grey[row * 784 + i] = images[index * 784 + (order ? order[i]! : i)]! / 255;
  });
  return tf.tidy(() => {
    const shape: [number, number] = [indices.length, 784];
    return tf.cast(tf.less(randomUniform(shape, { random }), tf.tensor2d(grey, shape)), 'float32') as tf.Tensor2D;
  });
}

/** A set whose pictures are binarised once and for all: each pixel black or white, as its grey says by chance. */
export function binarisedOnce(digits: LabelledImages, random: Random): LabelledImages {
  return { ...digits, images: digits.images.map((grey) => (255 * random.uniform() < grey ? 255 : 0)) };
}
