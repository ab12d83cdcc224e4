import type { Scalar } from '@tensorflow/tfjs-core';
import type { NamedVariables } from './variables.js';

/** A loss with the terms that it is made of; the terms are reported, only `loss` is differentiated. */
export type LossTerms = { loss: Scalar } & Record<string, Scalar>;

/**
 * What a training step needs of a model, and all that it needs. Every model of every package is one, so that a step says
 * nothing again that the model knows: `trainStep(model, { optimizer })`.
 *
 * Trained are those of `namedVariables` whose `trainable` is true; a checkpoint holds all of them.
 *
 * @example
 * const w = tf.variable(tf.scalar(0));
 * const model: Trainable<{ x: tf.Tensor1D; y: tf.Tensor1D }> = {
 *   loss: ({ x, y }) => ({ loss: tf.losses.meanSquaredError(y, tf.mul(x, w)) as tf.Scalar }),
 *   namedVariables: () => ({ w }),
 * };
 */
export interface Trainable<Batch> {
  /**
   * The loss of a batch, differentiable. With `training` false (what models take it for when nothing is said) it is the loss
   * of evaluation: no dropout, no moved statistics.
   */
  loss(batch: Batch, options?: { training?: boolean }): LossTerms;
  /** Every variable of the model, trained or not, under names that do not depend on what else the process built. */
  namedVariables(): NamedVariables;
}
