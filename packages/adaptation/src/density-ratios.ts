import { assertKnownOptions, CrossmodalError, Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFiniteRows } from './finite-rows.js';
import { halves, type LinearDomainOptions, linearDomainClassifier } from './linear-domain-classifier.js';

export interface DensityRatiosOptions extends LinearDomainOptions {
  /** @default 0 */
  seed?: number;
  /**
   * Factor of ||w||^2 / 2.
   * @default 1e-2
   */
  regularisation?: number;
}

const optionNames: Record<keyof DensityRatiosOptions, true> = {
  seed: true,
  steps: true,
  learningRate: true,
  regularisation: true,
};

/**
 * How much likelier each item of the source is in the target than in the source, from a linear classifier of the domain:
 * w(x) = p(target | x) / p(source | x) under equal shares of both domains. Each half of the items is weighed by a classifier
 * that was trained on the other half, so that none is judged by one that knows it.
 *
 * @param source features of held-out source items, [rows, dim]
 * @param target features of target items, [rows, dim]
 * @returns one ratio per source row, in their order
 * @throws CrossmodalError when the columns differ, a domain has fewer than four rows or values that are not finite
 * @see Bickel et al. (2007), Discriminative learning for differing training and test distributions, section 4
 *
 * @example
 * const weights = await densityRatios(model.features(photos), model.features(drawings));
 */
export async function densityRatios(
  source: Tensor2D,
  target: Tensor2D,
  options: DensityRatiosOptions = {},
): Promise<Float32Array> {
  assertKnownOptions('densityRatios', options, optionNames);
  const {
    seed = 0,
    regularisation = 1e-2, // stronger than the proxy A-distance has it: a sure classifier gives weights of 0 and infinity
    ...training
  } = options;
  const [rows, columns] = source.shape;
  if (source.rank !== 2 || target.rank !== 2 || columns !== target.shape[1] || Math.min(rows, target.shape[0]) < 4) {
    throw new CrossmodalError(
      `densityRatios: both domains must have at least four rows and equally many columns, got [${source.shape}] and [${target.shape}]`,
    );
  }
  await requireFiniteRows('densityRatios', { source, target });
  const random = new Random(seed);
  const parts = tf.tidy(() => {
    const ofSource = halves(source, random.fork('source'));
    return { source: ofSource.rows, target: halves(target, random.fork('target')).rows, indices: ofSource.indices };
  });
  const ratios = new Float32Array(rows);
  try {
    for (const [part, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const classifier = linearDomainClassifier('densityRatios', parts.source[other], parts.target[other], {
        random: random.fork(`classifier ${part}`),
        regularisation,
        ...training,
      });
      const ofPart = tf.tidy(() => tf.exp(tf.neg(classifier.logits(parts.source[part]))));
      classifier.dispose();
      const values = await ofPart.data();
      ofPart.dispose();
      parts.indices[part].forEach((row, i) => {
        ratios[row] = values[i] as number;
      });
    }
  } finally {
    tf.dispose([...parts.source, ...parts.target]);
  }
  return ratios;
}
