import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The value of `f` as a constant. Nothing inside is recorded for the backward pass, so it costs no memory, and operations that have
 * no gradient in TensorFlow.js (`greater`, `equal`, `argMax`, `topk`) may be used: asking for theirs would throw.
 *
 * @example
 * const hits = withoutGradient(() => tf.cast(tf.greater(logits, 0), 'float32'));
 */
export function withoutGradient<T extends Tensor>(f: () => T): T {
  // A custom operation without inputs: no gradient can reach anything through it.
  return tf.customGrad(() => ({ value: f(), gradFunc: () => [] }))() as T;
}

/**
 * The same values as a constant.
 *
 * @example
 * const target = stopGradient(teacher);
 */
export function stopGradient<T extends Tensor>(x: T): T {
  return withoutGradient(() => tf.clone(x));
}
