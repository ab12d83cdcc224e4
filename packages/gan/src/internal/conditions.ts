import { assertKnownOptions, CrossmodalError, type Encoder, type Inputs, interpolateVectors } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Condition vectors [batch, conditionDimension], or the inputs of the encoder that is trained along. */
export type Condition = Tensor | Inputs;

export interface ConditionOptions {
  dimension: number;
  /** Scales each row to length sqrt(dimension), so that its components have about unit variance. */
  normalize: boolean;
  encoder: Encoder | undefined;
}

/** Condition vectors as the networks take them. */
export function conditionVectors(
  caller: string,
  condition: Condition,
  { dimension, normalize, encoder }: ConditionOptions,
  training: boolean,
): Tensor2D {
  return tf.tidy(() => {
    let vectors: Tensor2D;
    if (condition instanceof tf.Tensor) vectors = condition as Tensor2D;
    else if (encoder && condition) vectors = encoder.encode(condition, { training });
    else {
      throw new CrossmodalError(
        `${caller}: condition must be a tensor [batch, ${dimension}], got ${typeof condition}`,
        {
          remedy: 'embed the texts first, or pass their encoder as option encoder to train it along',
        },
      );
    }
    if (vectors.rank !== 2 || vectors.shape[1] !== dimension) {
      throw new CrossmodalError(`${caller}: condition must be [batch, ${dimension}], got [${vectors.shape}]`);
    }
    return scaled(vectors, { normalize });
  });
}

/** Rows of length sqrt(dimension), if that is asked for. */
export function scaled(vectors: Tensor2D, { normalize }: Pick<ConditionOptions, 'normalize'>): Tensor2D {
  return normalize ? tf.mul(l2Normalize(vectors), Math.sqrt(vectors.shape[1])) : tf.clone(vectors);
}

/** Row i gets the condition of row i + 1: with shuffled batches a random other one. */
export function rolled(vectors: Tensor2D): Tensor2D {
  const [batch] = vectors.shape;
  return tf.tidy(() => tf.concat([tf.slice(vectors, 1, batch - 1), tf.slice(vectors, 0, 1)], 0));
}

/**
 * Conditions on the way between two, ends included; with one noise vector for all they show what the text changes.
 *
 * @param from [dimension] or [1, dimension]
 * @param to the same size
 * @returns [steps, dimension]
 * @throws CrossmodalError for unequal sizes or fewer than two steps
 * @see Reed et al., Generative adversarial text to image synthesis (2016), section 4.3 and figure 8
 * @example
 * const images = gan.generate(interpolateConditions(cat, dog, { steps: 8 }), { noise }); // noise [1, latentDimension]
 */
export function interpolateConditions(
  from: tf.Tensor,
  to: tf.Tensor,
  {
    steps = 8,
    path = 'linear', // Reed et al.
    ...others
  }: {
    /** @default 8 */
    steps?: number;
    /** @default 'linear' */
    path?: 'linear' | 'spherical';
  } = {},
): Tensor2D {
  assertKnownOptions('interpolateConditions', others, ['steps', 'path']);
  return interpolateVectors(from, to, { steps, path });
}
