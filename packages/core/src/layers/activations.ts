import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';

/** Activations by the names that layers take in their options. */
export type ActivationName = 'gelu' | 'geluTanh' | 'quickGelu' | 'relu' | 'silu' | 'linear';

/**
 * Gaussian error linear unit: x Phi(x) = x (1 + erf(x / sqrt 2)) / 2.
 *
 * @see Hendrycks, Gimpel: Gaussian error linear units (2016), section 2
 * @example
 * const y = gelu(tf.tensor1d([-1, 0, 1])); // [-0.1587, 0, 0.8413]
 */
export function gelu<T extends Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as T);
}

/**
 * The approximation of `gelu` by a tanh: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
 *
 * @example
 * const y = geluTanh(tf.tensor1d([-1, 0, 1])); // [-0.1588, 0, 0.8412]
 */
export function geluTanh<T extends Tensor>(x: T): T {
  return tf.tidy(() => {
    const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
    return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1)) as T;
  });
}

/**
 * The approximation of `gelu` by a sigmoid, CLIP's: x sigmoid(1.702 x).
 *
 * @example
 * const y = quickGelu(tf.tensor1d([-1, 0, 1])); // [-0.1542, 0, 0.8458]
 */
export function quickGelu<T extends Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))) as T);
}

const activations: Record<ActivationName, <T extends Tensor>(x: T) => T> = {
  gelu,
  geluTanh,
  quickGelu,
  relu: tf.relu,
  silu: (x) => tf.tidy(() => tf.mul(x, tf.sigmoid(x))),
  linear: (x) => x,
};

/** The activation of that name. */
export function activation(caller: string, name: ActivationName): <T extends Tensor>(x: T) => T {
  const found = activations[name];
  if (!found) {
    throw new CrossmodalError(
      `${caller}: there is no activation '${name}'; there are ${Object.keys(activations).join(', ')}`,
    );
  }
  return found;
}
