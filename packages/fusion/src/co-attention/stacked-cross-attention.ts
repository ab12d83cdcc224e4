import { assertKnownOptions, CrossmodalError, requirePositive } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { logSumExpScore, type ScorePooling } from './score-pooling.js';

/** Places of several items: [items, places, dimension], and which of them are real: [items, places]. */
export interface Places {
  sequence: Tensor3D;
  mask?: Tensor2D | undefined;
}

export interface StackedCrossAttentionOptions {
  /**
   * lambda_1: how sharply a place attends; a factor of the softmax.
   * @default 9
   */
  sharpness?: number;
  /**
   * Its square is added under the root by which the cosines of a place of the context are divided. The paper has 0: a blank region that is hardly like any
   * word then counts as much as one that is, and training loses its way (RESULTS.md).
   * @default 1
   */
  damping?: number;
  /** @default logSumExpScore() */
  pooling?: ScorePooling;
  /**
   * Whether the places of a reader count by the lengths of their vectors (divided by the mean of all of its places), which is learned
   * then; the paper's count alike, "the" as much as "harbor".
   * @default false
   */
  weighted?: boolean;
}

/** What `stackedCrossAttention` gives; dispose with `tf.dispose`. */
export type PairAttention = {
  /** Scores of all pairs: [items of the readers, items of the context]. */
  scores: Tensor2D;
  /** How much each place of a reader looks at each place of a context: [readers, contexts, places, places]. */
  attention: Tensor4D;
};

/**
 * Stacked cross attention, one direction, for all pairs of two collections: every place of a reader (a word, say) attends
 * to the places of a context (the regions of a picture) and is compared with what it finds; the similarities are pooled.
 *
 * With s_ij the cosine of place i of the reader and place j of the context: t_ij = [s_ij]_+ / sqrt(sum_i [s_ij]_+^2 + damping^2),
 * a_ij = softmax over j of lambda_1 t_ij, R_i = cosine(reader_i, sum_j a_ij context_j), S = pool_i R_i. `weighted`: R_i counts
 * |reader_i| times, as in the product of two mean vectors, which is what the mean of it becomes where attention is even. Words reading
 * regions is the paper's text-image model, regions reading words its image-text model.
 *
 * @throws CrossmodalError when widths or masks do not fit
 * @see Lee et al.: Stacked cross attention for image-text matching (2018), equations 1 to 9
 * @example
 * const { scores } = stackedCrossAttention(words, regions, { sharpness: 9, pooling: logSumExpScore({ scale: 6 }) });
 */
export function stackedCrossAttention(
  readers: Places,
  context: Places,
  {
    sharpness = 9, // lambda_1 of the authors' text-image model on Flickr30K, whose damping is 0; 18 gave the same here
    damping = 1, // measured on scenes of emojis and on photographs (RESULTS.md)
    pooling = logSumExpScore(),
    weighted = false,
    ...others
  }: StackedCrossAttentionOptions = {},
): PairAttention {
  assertKnownOptions('stackedCrossAttention', others, ['sharpness', 'damping', 'pooling', 'weighted']);
  requirePositive('stackedCrossAttention: sharpness', sharpness);
  if (!(damping >= 0 && Number.isFinite(damping))) {
    throw new CrossmodalError(`stackedCrossAttention: damping must be finite and not negative, got ${damping}`);
  }
  checkPlaces(readers, context);
  return tf.tidy(() => {
    const [m, places, dimension] = readers.sequence.shape;
    const [n, length] = context.sequence.shape;
    const reading = l2Normalize(readers.sequence);
    const seen = l2Normalize(context.sequence);
    const flat = (x: Tensor3D): Tensor2D => tf.reshape(x, [-1, dimension]);
    const products = tf.matMul(flat(reading), flat(seen), false, true);
    const cosines = tf.transpose(tf.reshape(products, [m, places, n, length]), [0, 2, 1, 3]);
    const realReaders = maskOf(readers, [m, 1, places, 1]);
    const realContext = maskOf(context, [1, n, 1, length]);
    // Padding neither attends nor is attended to.
    const positive = tf.mul(tf.relu(cosines), tf.mul(realReaders, realContext));
    const norms = tf.rsqrt(tf.maximum(tf.add(tf.sum(tf.square(positive), 2, true), damping ** 2), 1e-12));
    const logits = tf.add(tf.mul(tf.mul(positive, norms), sharpness), tf.mul(tf.sub(1, realContext), -1e9));
    const attention = tf.softmax(logits) as Tensor4D;
    // cosine(r, sum_j a_j c_j) = sum_j a_j (r . c_j) / sqrt(a' G a) with G = C C': the sums themselves, one vector for each
    // place of each pair, are never made.
    const gram = tf.matMul(seen, seen, false, true);
    const byContext = tf.reshape(tf.transpose(attention, [1, 0, 2, 3]), [n, m * places, length]) as Tensor3D;
    const squares = tf.sum(tf.mul(tf.matMul(byContext, gram), byContext), 2);
    const lengths = tf.transpose(tf.reshape(tf.rsqrt(tf.maximum(squares, 1e-12)), [n, m, places]), [1, 0, 2]);
    const similarities = tf.mul(tf.sum(tf.mul(attention, cosines), 3), lengths);
    const real = tf.reshape(realReaders, [-1, 1, places]);
    const scores = pooling.pool(similarities, weighted ? tf.mul(real, lengthShares(readers.sequence, real)) : real);
    return { scores: scores as Tensor2D, attention };
  });
}

/** The length of each vector, divided by the mean over the real places of its item: [items, 1, places]. */
function lengthShares(sequence: Tensor3D, real: Tensor): Tensor {
  const [items, places] = sequence.shape;
  const lengths = tf.reshape(tf.sqrt(tf.maximum(tf.sum(tf.square(sequence), 2), 1e-12)), [items, 1, places]);
  const total = tf.sum(tf.mul(lengths, real), 2, true);
  return tf.div(tf.mul(lengths, tf.sum(real, 2, true)), tf.maximum(total, 1e-12));
}

function maskOf({ mask }: Places, shape: number[]): Tensor {
  return mask ? tf.reshape(tf.cast(mask, 'float32'), shape) : tf.ones(shape);
}

function checkPlaces(readers: Places, context: Places): void {
  for (const [name, { sequence, mask }] of Object.entries({ readers, context })) {
    if (sequence.rank !== 3) {
      throw new CrossmodalError(
        `stackedCrossAttention: ${name} must be [items, places, dimension], got [${sequence.shape}]`,
      );
    }
    const [items, places] = sequence.shape;
    if (mask && (mask.shape[0] !== items || mask.shape[1] !== places)) {
      throw new CrossmodalError(
        `stackedCrossAttention: the mask of ${name} must be [${items}, ${places}], got [${mask.shape}]`,
      );
    }
  }
  if (readers.sequence.shape[2] !== context.sequence.shape[2]) {
    throw new CrossmodalError(
      `stackedCrossAttention: readers and context must have one width, got [${readers.sequence.shape}] and [${context.sequence.shape}]`,
      { remedy: 'project both into one space first' },
    );
  }
}
