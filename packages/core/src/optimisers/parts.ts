import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A host scalar times the factor of a parameter group. */
export function scaled(scalar: Scalar | undefined, factor: number): Scalar {
  return factor === 1 ? scalar! : tf.mul(scalar!, factor);
}

/** The gradient with an L2 penalty: g + decay w. */
export function withPenalty(gradient: Tensor, value: Tensor, decay: number): Tensor {
  return decay === 0 ? gradient : tf.add(gradient, tf.mul(value, decay));
}

/** Decoupled weight decay: w (1 - rate decay). */
export function decayed(value: Tensor, rate: Scalar | undefined, factor: number, decay: number): Tensor {
  return decay === 0 ? value : tf.mul(value, tf.sub(1, tf.mul(rate!, decay * factor)));
}

/** An exponential average: beta a + (1 - beta) x. */
export function averaged(average: Tensor | undefined, x: Tensor, beta: number): Tensor {
  return tf.add(tf.mul(average!, beta), tf.mul(x, 1 - beta));
}

/** a / b where both are positive, else 1: the trust ratio of LARS and LAMB. */
export function trustRatio(numerator: Scalar, denominator: Scalar, guard: Scalar): Scalar {
  const usable = tf.logicalAnd(tf.greater(numerator, 0), tf.greater(guard, 0));
  return tf.where(usable, tf.div(numerator, tf.maximum(denominator, 1e-30)), tf.onesLike(numerator)) as Scalar;
}
