import type { Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { head } from './head.js';

export interface LinearDomainOptions {
  /**
   * Updates of the linear classifier, each on all training rows.
   * @default 200
   */
  steps?: number;
  /** @default 0.05 */
  learningRate?: number;
  /**
   * Factor of ||w||^2 / 2.
   * @default 1e-3
   */
  regularisation?: number;
}

export const linearDomainDefaults: Required<LinearDomainOptions> = {
  steps: 200,
  learningRate: 0.05,
  regularisation: 1e-3,
};

/** Logistic regression that tells two domains apart; both weigh alike however many rows they have. */
export interface LinearDomainClassifier {
  /** log p(source | x) / p(target | x) under equal shares of both, [rows] */
  logits(rows: Tensor2D): Tensor1D;
  dispose(): void;
}

/**
 * Trains a linear classifier of the domain on standardised columns.
 *
 * L = mean softplus(-z_s) + mean softplus(z_t) + regularisation ||w||^2 / 2, z = w . x + b.
 */
export function linearDomainClassifier(
  caller: string,
  source: Tensor2D,
  target: Tensor2D,
  {
    random,
    steps = linearDomainDefaults.steps,
    learningRate = linearDomainDefaults.learningRate,
    regularisation = linearDomainDefaults.regularisation,
  }: LinearDomainOptions & { random: Random },
): LinearDomainClassifier {
  const { mean, scale, rows } = tf.tidy(() => {
    const { mean, variance } = tf.moments(tf.concat([source, target], 0), 0);
    const scale = tf.sqrt(tf.add(variance, 1e-6));
    const standardise = (x: Tensor2D) => tf.div(tf.sub(x, mean), scale) as Tensor2D;
    return { mean, scale, rows: { source: standardise(source), target: standardise(target) } };
  });
  const network = head(caller, { inputs: source.shape[1], hidden: [], outputs: 1, random });
  const [kernel] = network.trainableVariables() as [tf.Variable];
  const optimizer = adam({ learningRate });
  const step = trainStep<typeof rows>(
    {
      loss: (batch) => {
        const ofSource = tf.mean(tf.softplus(tf.neg(network.apply(batch.source))));
        const ofTarget = tf.mean(tf.softplus(network.apply(batch.target)));
        const penalty = tf.mul(tf.sum(tf.square(kernel)), regularisation / 2);
        return tf.add(tf.add(ofSource, ofTarget), penalty) as Scalar;
      },
      variables: network.trainableVariables(),
    },
    { optimizer },
  );
  try {
    for (let i = 0; i < steps; i++) tf.dispose(step.run(rows));
  } catch (error) {
    tf.dispose([mean, scale]);
    network.dispose();
    throw error;
  } finally {
    step.dispose();
    optimizer.dispose();
    tf.dispose(rows);
  }
  return {
    logits: (x) =>
      tf.tidy(() => tf.squeeze(network.apply(tf.div(tf.sub(x, mean), scale) as Tensor2D), [1]) as Tensor1D),
    dispose() {
      network.dispose();
      tf.dispose([mean, scale]);
    },
  };
}

/** Two random halves of the rows, and which rows they are. */
export function halves(x: Tensor2D, random: Random): { rows: [Tensor2D, Tensor2D]; indices: [number[], number[]] } {
  const order = random.shuffle(Array.from({ length: x.shape[0] }, (_, i) => i));
  const middle = Math.floor(order.length / 2);
  const indices: [number[], number[]] = [order.slice(0, middle), order.slice(middle)];
  const take = (list: number[]) => tf.gather(x, tf.tensor1d(list, 'int32')) as Tensor2D;
  return { rows: [take(indices[0]), take(indices[1])], indices };
}
