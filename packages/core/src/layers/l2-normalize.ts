import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { assertKnownOptions } from '../known-options.js';
import { type LayerOptions, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

/** Rows that are not longer have no direction: their squares are about to vanish in float32. */
const shortest = 1e-12;

/**
 * Scales each row to unit Euclidean length: y = x / max(|x|_2, epsilon) over the last axis. Rows no longer than 1e-12 give
 * zeros, with a zero gradient. (PyTorch has the same value for a row of zeros, and a gradient of 1 / epsilon times the
 * incoming one, which is nothing to train with.)
 *
 * @param x [..., dim], float32
 * @param options.epsilon least divisor
 * @returns the shape of x
 * @see torch.nn.functional.normalize
 * @example
 * const unit = l2Normalize(tf.tensor2d([[3, 4]])); // [[0.6, 0.8]]
 */
export function l2Normalize<T extends Tensor>(
  x: T,
  {
    epsilon = 1e-12,
    ...others
  }: {
    /** @default 1e-12 */
    epsilon?: number;
  } = {}, // torch's default
): T {
  assertKnownOptions('l2Normalize', others, ['epsilon']);
  return tf.tidy(() => {
    const squares = tf.sum(tf.square(x), -1, true);
    const isLonger = tf.step(tf.sub(squares, shortest * shortest)); // its gradient is zero
    const least = Math.max(epsilon, shortest);
    return tf.mul(x, tf.mul(isLonger, tf.rsqrt(tf.maximum(squares, least * least)))) as T;
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

/**
 * `l2Normalize` as a layer.
 *
 * @example
 * const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 128, inputShape: [512] }), l2NormalizeLayer()] });
 */
export function l2NormalizeLayer(options: { epsilon?: number } & LayerOptions = {}): L2Normalize {
  assertKnownOptions('l2NormalizeLayer', options, ['epsilon', 'name', 'inputShape', 'trainable']);
  registerLayer(L2Normalize);
  return new L2Normalize(options);
}
