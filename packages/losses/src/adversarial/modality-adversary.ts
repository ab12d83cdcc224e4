import { assertKnownOptions } from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from '../cross-entropy.js';
import { requireMatrix, requireThat, shapeOf } from '../internal/validate.js';

export interface ModalityAdversaryOptions {
  /**
   * Strength of the reversed gradient; DANN raises it from 0 to 1: `scheduledScalar(dannAnnealing({ steps }))` of core.
   * @default 1
   */
  lambda?: number | Scalar;
}

/**
 * Adversarial regulariser: a classifier tries to tell from an embedding which modality it came from, and the encoders, through gradient
 * reversal, try to make that impossible.
 *
 * L = cross entropy of classifier(reverse(embeddings)) against the modality's index; log M when the M modalities cannot be told apart.
 *
 * @param embeddings one [rows, dim] matrix per modality; the numbers of rows may differ
 * @param classifier maps [rows, dim] to logits [rows, modalities]
 * @throws CrossmodalError when there are fewer than two modalities, or the classifier's width is not their number
 * @see Ganin and Lempitsky, 2015; Wang et al., 2017, Adversarial Cross-Modal Retrieval, section 3.2
 * @example
 * const loss = modalityAdversary([images, texts], classifier, { lambda: 0.1 });
 */
export function modalityAdversary(
  embeddings: readonly Tensor2D[],
  classifier: (x: Tensor2D) => Tensor2D,
  { lambda = 1, ...others }: ModalityAdversaryOptions = {},
): Scalar {
  assertKnownOptions('modalityAdversary', others, ['lambda']);

  const where = 'modalityAdversary';
  requireThat(embeddings.length >= 2, where, () => `at least two modalities are needed, got ${embeddings.length}`);
  for (const [index, x] of embeddings.entries()) requireMatrix(where, `embeddings[${index}]`, x);
  return tf.tidy(() => {
    const logits = classifier(gradientReversal(tf.concat([...embeddings], 0), { lambda }));
    requireThat(
      logits.rank === 2 && logits.shape[1] === embeddings.length,
      where,
      () => `classifier must return [rows, ${embeddings.length}], got ${shapeOf(logits)}`,
    );
    const labels = tf.tensor1d(
      embeddings.flatMap((x, index) => new Array<number>(x.shape[0]).fill(index)),
      'int32',
    );
    return crossEntropy(logits, labels);
  });
}
