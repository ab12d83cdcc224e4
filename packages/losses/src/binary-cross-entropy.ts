import { assertKnownOptions } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { binaryCosts } from './internal/binary-costs.js';
import { requireShares } from './internal/check-labels.js';
import { requireFloat, requireSameShape } from './internal/validate.js';
import { type Reduced, type Reduction, reduceLosses } from './reduction.js';

export interface BinaryCrossEntropyOptions<R extends Reduction = 'mean'> {
  /** @default 'mean' as R */
  reduction?: R;
}

/**
 * Binary cross entropy from logits, for instance of a match classifier.
 *
 * L = mean [ softplus(l) - y l ] = mean [ -y log sigmoid(l) - (1 - y) log(1 - sigmoid(l)) ], finite for logits of any size.
 *
 * @param logits any shape, float32
 * @param targets the same shape, float32, in [0, 1]
 * @throws CrossmodalError when the shapes differ, or targets are read to lie outside of [0, 1]
 * @example
 * const loss = binaryCrossEntropy(matchLogits, tf.tensor1d([1, 0, 1]));
 */
export function binaryCrossEntropy<R extends Reduction = 'mean'>(
  logits: Tensor,
  targets: Tensor,
  { reduction = 'mean' as R, ...others }: BinaryCrossEntropyOptions<R> = {},
): Reduced<R> {
  assertKnownOptions('binaryCrossEntropy', others, ['reduction']);

  requireFloat('binaryCrossEntropy', 'logits', logits);
  requireFloat('binaryCrossEntropy', 'targets', targets);
  requireSameShape('binaryCrossEntropy', ['logits', 'targets'], logits, targets);
  requireShares('binaryCrossEntropy', 'targets', targets);
  return tf.tidy(() => reduceLosses(binaryCosts(logits, targets), { reduction }));
}
