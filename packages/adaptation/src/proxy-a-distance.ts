import { CrossmodalError, Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { head } from './head.js';

export interface ProxyADistanceOptions {
  seed?: number;
  /** Updates of the linear classifier, each on all training rows. */
  steps?: number;
  learningRate?: number;
  /** Factor of ||w||^2 / 2. */
  regularisation?: number;
}

/** How well a linear classifier tells two domains apart. */
export interface ProxyADistance {
  /** 2 (1 - 2 error): 0 when the domains cannot be told apart, 2 when they always can. */
  distance: number;
  /** Mean of the two domains' error rates on held-out rows. */
  error: number;
}

function halves(x: Tensor2D, random: Random): [Tensor2D, Tensor2D] {
  const order = random.shuffle(Array.from({ length: x.shape[0] }, (_, i) => i));
  const middle = Math.floor(order.length / 2);
  const take = (rows: number[]) => tf.gather(x, tf.tensor1d(rows, 'int32')) as Tensor2D;
  return [take(order.slice(0, middle)), take(order.slice(middle))];
}

/**
 * Proxy A-distance between two samples of features: a linear classifier is trained to tell the domains apart on one half of each
 * and judged on the other half. d_A = 2 (1 - 2 error).
 *
 * The classifier is logistic regression with L2 regularisation on standardised columns; both domains weigh alike however many
 * rows they have.
 *
 * @param source [rows, dim]
 * @param target [rows, dim]
 * @throws CrossmodalError when the columns differ or a domain has fewer than four rows
 * @see Ben-David et al. (2007); Ganin et al. (2016), section 5.1, equation 13
 *
 * @example
 * const { distance } = await proxyADistance(model.features(images), model.features(drawings));
 */
export async function proxyADistance(
  source: Tensor2D,
  target: Tensor2D,
  { seed = 0, steps = 200, learningRate = 0.05, regularisation = 1e-3 }: ProxyADistanceOptions = {},
): Promise<ProxyADistance> {
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
  const random = new Random(seed);
  const sets = tf.tidy(() => {
    const [sourceTrain, sourceTest] = halves(source, random.fork('source'));
    const [targetTrain, targetTest] = halves(target, random.fork('target'));
    const { mean, variance } = tf.moments(tf.concat([sourceTrain, targetTrain], 0), 0);
    const standardise = (x: Tensor2D) => tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-6))) as Tensor2D;
    return {
      train: { source: standardise(sourceTrain), target: standardise(targetTrain) },
      test: { source: standardise(sourceTest), target: standardise(targetTest) },
    };
  });
  const classifier = head('proxyADistance', {
    inputs: source.shape[1],
    hidden: [],
    outputs: 1,
    random: random.fork('classifier'),
  });
  const [kernel] = classifier.trainableVariables() as [tf.Variable];
  const optimizer = adam({ learningRate });
  const step = trainStep<typeof sets.train>(
    {
      loss: (rows) => {
        const ofSource = tf.mean(tf.softplus(classifier.apply(rows.source)));
        const ofTarget = tf.mean(tf.softplus(tf.neg(classifier.apply(rows.target))));
        const penalty = tf.mul(tf.sum(tf.square(kernel)), regularisation / 2);
        return tf.add(tf.add(ofSource, ofTarget), penalty) as Scalar;
      },
      variables: classifier.trainableVariables(),
    },
    { optimizer },
  );
  try {
    for (let i = 0; i < steps; i++) tf.dispose(step.run(sets.train));
    const wrong = tf.tidy(() => {
      const rate = (rows: Tensor2D, sign: 1 | -1) =>
        tf.mean(tf.cast(tf.greater(tf.mul(classifier.apply(rows), sign), 0), 'float32'));
      return tf.stack([rate(sets.test.source, 1), rate(sets.test.target, -1)]);
    });
    const [ofSource, ofTarget] = (await wrong.data()) as unknown as [number, number];
    wrong.dispose();
    const error = (ofSource + ofTarget) / 2;
    // A classifier that is wrong more often than not would be right when inverted.
    return { error, distance: 2 * (1 - 2 * Math.min(error, 1 - error)) };
  } finally {
    step.dispose();
    optimizer.dispose();
    classifier.dispose();
    tf.dispose(sets);
  }
}
