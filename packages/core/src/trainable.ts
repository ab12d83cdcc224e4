import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
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

/**
 * A model of several objectives that are optimised in turn, such as the discriminator and the generator of a GAN; what
 * `alternatingStep` needs.
 *
 * @example
 * const [x, y] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
 * const product = (): tf.Scalar => tf.mul(x, y);
 * const saddle: Alternating<object, 'lower' | 'raise'> = {
 *   objectives: {
 *     lower: { loss: () => ({ loss: product() }), namedVariables: () => ({ x }) },
 *     raise: { loss: () => ({ loss: tf.neg(product()) }), namedVariables: () => ({ y }) },
 *   },
 *   namedVariables: () => ({ x, y }),
 * };
 */
export interface Alternating<Batch, Name extends string = string> {
  /** By name, in the order in which they are optimised. The variables of each are those that it moves. */
  readonly objectives: Readonly<Record<Name, Trainable<Batch>>>;
  /** Every variable of the model, trained or not: those of all objectives, and others such as statistics. */
  namedVariables(): NamedVariables;
}

/**
 * A model whose loss is one of embeddings, and whose rows can be embedded some at a time; what `cachedGradientStep` needs.
 * `loss(batch)` equals `contrast(embedBatch(batch), batch)`.
 */
export interface Contrastive<Batch> extends Trainable<Batch> {
  /** The embeddings of all rows of a batch, or of a part of one, by name: each [rows, dimension], differentiable. */
  embedBatch(batch: Batch, options?: { training?: boolean }): { [name: string]: Tensor2D };
  /** The loss of embeddings; from `batch` come labels, masks and the like. */
  contrast(embeddings: { [name: string]: Tensor2D }, batch: Batch): LossTerms;
}
