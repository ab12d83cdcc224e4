import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { type LayerOptions, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

/**
 * Scales each row to unit Euclidean length: y = x / max(|x|_2, epsilon) over the last axis.
 * A zero row gives zeros, with a zero gradient.
 *
 * @param x [..., dim], float32
 * @see torch.nn.functional.normalize
 * @example
 * const unit = l2Normalize(tf.tensor2d([[3, 4]])); // [[0.6, 0.8]]
 */
export function l2Normalize<T extends Tensor>(
  x: T,
  { epsilon = 1e-12 }: { epsilon?: number } = {}, // torch's default
): T {
  return tf.tidy(() => {
    const squares = tf.sum(tf.square(x), -1, true);
    // The square root of zero has an infinite slope: bound the square instead (the bound cuts the gradient to zero).
    const floor = Math.max(epsilon * epsilon, 1.2e-38); // the smallest normal float32
    return tf.mul(x, tf.rsqrt(tf.maximum(squares, floor))) as T;
  });
}

/** See `l2NormalizeLayer`. */
export class L2Normalize extends tfl.layers.Layer {
  static readonly className = 'L2Normalize';
  readonly epsilon: number;

  constructor({ epsilon = 1e-12, ...rest }: { epsilon?: number } & LayerOptions = {}) {
    super(rest);
    this.epsilon = epsilon;
    this.supportsMasking = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return l2Normalize(singleInput('l2NormalizeLayer', inputs), { epsilon: this.epsilon });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), epsilon: this.epsilon };
  }
}

/** `l2Normalize` as a layer. */
export function l2NormalizeLayer(options: { epsilon?: number } & LayerOptions = {}): L2Normalize {
  registerLayer(L2Normalize);
  return new L2Normalize(options);
}
