import { type Described, type Random, randomUniform } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What is known when negatives are chosen. */
export interface NegativeContext {
  size: number;
  /** Logits of all pairs of the batch, without gradient: [batch, batch]; computed on demand. */
  logits(): Tensor2D;
  /** [batch, batch]: 1 where row j does not belong to row i. */
  negatives(): Tensor2D;
  random: Random;
}

/** Chooses, for each row of the first modality, a row of the second that does not belong to it. */
export interface NegativeChoice extends Described {
  /** [batch], int32 */
  choose(context: NegativeContext): Tensor1D;
}

/**
 * The second modality rolled by a random number of rows: every item is once a positive and once a negative.
 *
 * @example
 * const model = matchModel({ encoders: { text, audio }, negatives: rolledNegatives(), seed: 1 });
 */
export function rolledNegatives(): NegativeChoice {
  return {
    saved: { type: 'rolledNegatives', options: {} },
    choose: ({ size, random }) =>
      tf.tidy(() => {
        const uniform = randomUniform<Tensor1D>([1], { random });
        const shift = tf.add(tf.cast(tf.floor(tf.mul(uniform, size - 1)), 'int32'), tf.scalar(1, 'int32'));
        const rolled = tf.add(tf.range(0, size, 1, 'int32'), shift);
        const wrapped = tf.mul(tf.cast(tf.greaterEqual(rolled, size), 'int32'), tf.scalar(size, 'int32'));
        return tf.sub(rolled, wrapped) as Tensor1D;
      }),
  };
}

/**
 * For each row the row of the other modality that the model itself takes most for a match, and that is none.
 *
 * @see Li et al.: ALBEF (2021), section 3.2, hard negatives for image-text matching
 * @example
 * const model = matchModel({ encoders: { image, text }, negatives: hardestNegatives(), seed: 1 });
 */
export function hardestNegatives(): NegativeChoice {
  return {
    saved: { type: 'hardestNegatives', options: {} },
    choose: ({ logits, negatives }) =>
      tf.tidy(() => {
        const barred = tf.mul(tf.sub(1, negatives()), -1e30);
        return tf.cast(tf.argMax(tf.add(logits(), barred), 1), 'int32') as Tensor1D;
      }),
  };
}
