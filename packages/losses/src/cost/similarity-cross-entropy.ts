import { assertKnownOptions } from '@crossmodal/core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from '../cross-entropy.js';
import { cosineSimilarity } from '../distances/cosine.js';
import { requirePositive, requireSameWidth } from '../internal/validate.js';
import type { Reduced, Reduction } from '../reduction.js';

export interface SimilarityCrossEntropyOptions<R extends Reduction = 'mean'> {
  /** @default 0.07 */
  temperature?: number | Scalar;
  labelSmoothing?: number;
  reduction?: R;
}

/**
 * A unimodal classification term: the logits of x are its similarities to candidates (class descriptions, prototypes, the other
 * modality's rows), divided by the temperature.
 *
 * L = cross entropy of s / tau, s_ic = n(x_i) . n(candidate_c), against the labels.
 *
 * @param x [batch, dim], float32
 * @param candidates [classes, dim], float32
 * @param labels [batch], integers in [0, classes)
 * @throws CrossmodalError when shapes or options do not fit
 * @example
 * const loss = similarityCrossEntropy(images, classTexts, labels, { temperature: 0.07 });
 */
export function similarityCrossEntropy<R extends Reduction = 'mean'>(
  x: Tensor2D,
  candidates: Tensor2D,
  labels: Tensor1D,
  {
    temperature = 0.07, // MoCo; CLIP's initial value
    labelSmoothing,
    reduction,
    ...others
  }: SimilarityCrossEntropyOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('similarityCrossEntropy', others, ['temperature', 'labelSmoothing', 'reduction']);

  requireSameWidth('similarityCrossEntropy', ['x', 'candidates'], x, candidates);
  requirePositive('similarityCrossEntropy', 'temperature', temperature);
  return tf.tidy(() => {
    const logits = tf.div(cosineSimilarity(x, candidates), temperature);
    return crossEntropy(logits, labels, { labelSmoothing, reduction });
  });
}
