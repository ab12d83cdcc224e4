import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { hinges } from './internal/hinges.js';

export interface ScoreHingeOptions {
  /** @default 0.2 */
  margin?: number;
  /**
   * Only the hardest negative of each row and column counts, or the mean of all.
   * @default true
   */
  hardest?: boolean;
  /** [batch, batch]: 1 where the pair (i, j) does not belong together; all but the diagonal unless given. */
  negatives?: Tensor2D | undefined;
}

/**
 * The hinge of VSE++ over a matrix of scores, however they were computed: in both directions the hardest negative of the
 * batch must stay a margin below the matching pair.
 *
 * L = mean_i ( max_j [margin + S_ij - S_ii]_+ + max_j [margin + S_ji - S_ii]_+ ), j over the negatives of i.
 *
 * @param scores [batch, batch], matching pairs on the diagonal
 * @throws CrossmodalError unless the scores are square, with negatives of the same shape
 * @see Lee et al.: Stacked cross attention (2018), equation 11; Faghri et al.: VSE++ (2018), equation 6
 * @example
 * const loss = scoreHinge(scores, { margin: 0.2 });
 */
export function scoreHinge(scores: Tensor2D, options: ScoreHingeOptions = {}): Scalar {
  assertKnownOptions('scoreHinge', options, {
    margin: true,
    hardest: true,
    negatives: true,
  } satisfies Record<keyof ScoreHingeOptions, true>);
  const { margin = 0.2, hardest = true, negatives } = options; // both from the paper
  const [rows, columns] = scores.shape;
  if (scores.rank !== 2 || rows !== columns) {
    throw new CrossmodalError(`scoreHinge: scores must be [batch, batch], got [${scores.shape}]`);
  }
  if (negatives && (negatives.shape[0] !== rows || negatives.shape[1] !== rows)) {
    throw new CrossmodalError(`scoreHinge: negatives must be [${rows}, ${rows}], got [${negatives.shape}]`);
  }
  return tf.tidy(() => {
    const diagonal = tf.eye(rows);
    const mask = negatives ?? (tf.sub(1, diagonal) as Tensor2D);
    const matched = tf.sum(tf.mul(scores, diagonal), 1) as Tensor1D; // S_ii
    const direction = (own: Tensor2D, allowed: Tensor2D): Tensor1D => {
      const losses = hinges(own, matched, allowed, { margin, hardest });
      return hardest ? losses : tf.div(losses, tf.maximum(tf.sum(allowed, 1), 1));
    };
    return tf.mean(tf.add(direction(scores, mask), direction(tf.transpose(scores), tf.transpose(mask)))) as Scalar;
  });
}
