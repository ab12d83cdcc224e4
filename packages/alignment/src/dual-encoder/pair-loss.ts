import { infoNce } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What a pair loss knows beside the two matrices of unit rows. */
export interface PairContext {
  /** tau, [] */
  temperature: Scalar;
  /** [batch, batch]: 1 where row j of b belongs to row i of a; without it, row i of one to row i of the other only. */
  positives?: Tensor2D | undefined;
  /** [batch] of ones and zeros; without it every sample has the modality. */
  presentA?: Tensor1D | undefined;
  presentB?: Tensor1D | undefined;
}

/** A loss between two modalities, e.g. symmetric InfoNCE: a, b [batch, dim] of unit rows. */
export type PairLoss = (a: Tensor2D, b: Tensor2D, context: PairContext) => Scalar;

/**
 * Symmetric InfoNCE with a learnable temperature, several positives and missing samples; the loss of CLIP.
 *
 * What is missing is neither anchor, nor positive, nor negative; its counterpart, if present, remains a negative for the
 * others. Shapes stay fixed, so that one compiled step serves all batches.
 */
export const infoNcePairLoss: PairLoss = (a, b, { temperature, positives, presentA, presentB }) => {
  if (!positives && !presentA && !presentB) return infoNce(a, b, { temperature });
  return tf.tidy(() => {
    const rows = a.shape[0];
    const both = tf.mul(
      tf.reshape(presentA ?? tf.ones([rows]), [rows, 1]),
      tf.reshape(presentB ?? tf.ones([rows]), [1, rows]),
    );
    const positive = positives ?? (tf.eye(rows) as Tensor2D);
    const pairs = {
      positive: tf.mul(positive, both) as Tensor2D,
      negative: tf.mul(tf.sub(1, positive), both) as Tensor2D,
    };
    return infoNce(a, b, { temperature, pairs });
  });
};
