import type { Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireInteger } from '../checks.js';
import type { Encoder, Inputs } from '../encoder.js';
import { withoutGradient } from '../gradients.js';
import { assertKnownOptions } from '../known-options.js';
import type { LossTerms, Trainable } from '../trainable.js';
import type { NamedVariables } from '../variables.js';

/** Inputs of the encoder, and the number of the class of each. */
export interface ProbeBatch {
  inputs: Inputs;
  /** [batch], int32 */
  labels: Tensor1D;
}

/** A linear classifier on the vectors of an encoder that is not trained. */
export interface LinearProbe extends Trainable<ProbeBatch> {
  /** [batch, classes] */
  logits(inputs: Inputs): Tensor2D;
  /** Its own two variables; the encoder's are not among them. */
  namedVariables(): NamedVariables;
  /** Frees its own variables; the encoder stays. */
  dispose(): void;
}

/**
 * A linear classifier on the vectors of an encoder as it is: how much do they say about the classes?
 *
 * logits = v W + b, v = encode(x) without gradient, W and b zero at first; the loss is cross entropy.
 *
 * @param encoder runs as in evaluation; its variables are not touched
 * @param options.classes how many there are, two or more
 * @throws CrossmodalError when there are fewer classes
 * @see Alain and Bengio (2016), "Understanding intermediate layers using linear classifier probes"
 * @example
 * const probe = linearProbe(encoder, { classes: 10 });
 * const step = trainStep(probe, { optimizer: adamW({ learningRate: 1e-2 }) });
 */
export function linearProbe(
  encoder: Pick<Encoder<never>, 'encode' | 'dimension'>,
  { classes, ...others }: { classes: number },
): LinearProbe {
  assertKnownOptions('linearProbe', others, ['classes']);
  requireInteger('linearProbe: classes', classes, 2);
  const weight = tf.tidy(() => tf.variable(tf.zeros([encoder.dimension, classes])));
  const bias = tf.tidy(() => tf.variable(tf.zeros([classes])));
  const logits = (inputs: Inputs): Tensor2D =>
    tf.tidy(() => {
      const fixed = withoutGradient(() => encoder.encode(inputs, { training: false }));
      return tf.add(tf.matMul(fixed, weight as Tensor as Tensor2D), bias) as Tensor2D;
    });
  return {
    logits,
    loss({ inputs, labels }): LossTerms {
      return tf.tidy(() => {
        const targets = tf.cast(tf.oneHot(labels, classes), 'float32');
        const losses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits(inputs)), targets), 1));
        return { loss: tf.mean(losses) };
      }) as LossTerms;
    },
    namedVariables: () => ({ weight: weight as Variable, bias: bias as Variable }),
    dispose: () => tf.dispose([weight, bias]),
  };
}
