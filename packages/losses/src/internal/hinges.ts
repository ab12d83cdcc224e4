import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { largestWhere, pick } from '../mining/hardest-pairs.js';

/**
 * What the scores of negatives lack of being a margin below that of the matching pair, [rows]:
 * [margin + S_ij - S_ii]_+ at the hardest negative j of i, or summed over all of them; 0 for a row without negatives.
 *
 * @param scores [rows, columns]
 * @param matched S_ii, [rows]
 * @param negatives [rows, columns], 1 where a pair does not belong together
 */
export function hinges(
  scores: Tensor2D,
  matched: Tensor1D,
  negatives: Tensor2D,
  { margin, hardest }: { margin: number; hardest: boolean },
): Tensor1D {
  return tf.tidy(() => {
    const hinge = tf.relu(tf.add(margin, tf.sub(scores, tf.expandDims(matched, 1)))) as Tensor2D;
    return pick(hardest ? largestWhere(negatives, scores) : negatives, hinge);
  });
}
