import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Contrastive, Random, randomNormal } from '../../src/index.js';
import { dropout } from '../../src/layers/index.js';

export interface PairBatch extends tf.TensorContainerObject {
  a: Tensor2D;
  b: Tensor2D;
}

/** Two linear maps, and the log-softmax of all pairs of a batch: the gradient of each row depends on all others. */
export function twoMaps({
  rate = 0,
  dimension = 3,
  onEmbed,
}: {
  rate?: number;
  dimension?: number;
  onEmbed?: (rows: { a: Tensor2D }) => void;
} = {}) {
  const matrix = (seed: number, from: number) =>
    tf.tidy(() => tf.variable(randomNormal<Tensor2D>([from, dimension], { random: new Random(seed) })));
  const variables = { a: matrix(1, 4), b: matrix(2, 5), scale: tf.variable(tf.scalar(0.5)) };
  const random = new Random('dropout');
  const model: Contrastive<PairBatch> = {
    loss: (batch, options) => model.contrast(model.embedBatch(batch, options), batch),
    embedBatch({ a, b }, { training = false } = {}) {
      const dropped = (x: Tensor2D) => dropout(x, { rate, random, training });
      const rows = {
        a: tf.matMul(dropped(a), variables.a as unknown as Tensor2D) as Tensor2D,
        b: tf.matMul(dropped(b), variables.b as unknown as Tensor2D) as Tensor2D,
      };
      onEmbed?.(rows);
      return rows;
    },
    contrast({ a, b }) {
      const scores = tf.mul(tf.matMul(a!, b!, false, true), variables.scale);
      const own = tf.sum(tf.mul(tf.logSoftmax(scores as Tensor2D), tf.eye(a!.shape[0])));
      return {
        loss: tf.neg(tf.div(own, a!.shape[0])) as Scalar,
        scale: tf.clone(variables.scale) as unknown as Scalar,
      };
    },
    namedVariables: () => variables,
  };
  return { model, variables };
}

export const batchOf = (rows: number, seed: number): PairBatch => {
  const random = new Random(seed);
  return { a: randomNormal([rows, 4], { random }), b: randomNormal([rows, 5], { random }) };
};
