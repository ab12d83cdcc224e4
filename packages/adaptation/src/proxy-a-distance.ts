import { assertKnownOptions, CrossmodalError, Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireFiniteRows } from './finite-rows.js';
import { halves, type LinearDomainOptions, linearDomainClassifier } from './linear-domain-classifier.js';

export interface ProxyADistanceOptions extends LinearDomainOptions {
  /** @default 0 */
  seed?: number;
}

/** How well a linear classifier tells two domains apart. */
export interface ProxyADistance {
  /** 2 (1 - 2 error): 0 when the domains cannot be told apart, 2 when they always can. */
  distance: number;
  /** Mean of the two domains' error rates on held-out rows. */
  error: number;
}

const optionNames: Record<keyof ProxyADistanceOptions, true> = {
  seed: true,
  steps: true,
  learningRate: true,
  regularisation: true,
};

/**
 * Proxy A-distance between two samples of features: a linear classifier is trained to tell the domains apart on one half of each
 * and judged on the other half. d_A = 2 (1 - 2 error).
 *
 * The classifier is logistic regression with L2 regularisation on standardised columns; both domains weigh alike however many
 * rows they have.
 *
 * @param source [rows, dim]
 * @param target [rows, dim]
 * @throws CrossmodalError when the columns differ, a domain has fewer than four rows or values that are not finite
 * @see Ben-David et al. (2007); Ganin et al. (2016), section 5.1, equation 13
 *
 * @example
 * const { distance } = await proxyADistance(model.features(images), model.features(drawings));
 */
export async function proxyADistance(
  source: Tensor2D,
  target: Tensor2D,
  options: ProxyADistanceOptions = {},
): Promise<ProxyADistance> {
  assertKnownOptions('proxyADistance', options, optionNames);
  const { seed = 0, ...training } = options;
  if (
    source.rank !== 2 ||
    target.rank !== 2 ||
    source.shape[1] !== target.shape[1] ||
    Math.min(source.shape[0], target.shape[0]) < 4
  ) {
    throw new CrossmodalError(
      `proxyADistance: both domains must have at least four rows and equally many columns, got [${source.shape}] and [${target.shape}]`,
    );
  }
  await requireFiniteRows('proxyADistance', { source, target });
  const random = new Random(seed);
  const [[sourceTrain, sourceTest], [targetTrain, targetTest]] = tf.tidy(() => [
    halves(source, random.fork('source')).rows,
    halves(target, random.fork('target')).rows,
  ]);
  try {
    const classifier = linearDomainClassifier('proxyADistance', sourceTrain, targetTrain, {
      random: random.fork('classifier'),
      ...training,
    });
    const wrong = tf.tidy(() => {
      const rate = (rows: Tensor2D, sign: 1 | -1) =>
        tf.mean(tf.cast(tf.lessEqual(tf.mul(classifier.logits(rows), sign), 0), 'float32'));
      return tf.stack([rate(sourceTest, 1), rate(targetTest, -1)]);
    });
    classifier.dispose();
    const [ofSource, ofTarget] = (await wrong.data()) as unknown as [number, number];
    wrong.dispose();
    const error = (ofSource + ofTarget) / 2;
    // A classifier that is wrong more often than not would be right when inverted.
    return { error, distance: 2 * (1 - 2 * Math.min(error, 1 - error)) };
  } finally {
    tf.dispose([sourceTrain, sourceTest, targetTrain, targetTest]);
  }
}
