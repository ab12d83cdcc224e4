import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { assertKnownOptions } from '../known-options.js';
import { isTraining, type LayerOptions, singleInput } from './inputs.js';

export interface BatchNormalizationOptions extends LayerOptions {
  /**
   * What the running mean and variance keep of their old value at each step.
   * @default 0.9
   */
  momentum?: number;
  /** @default 1e-5 */
  epsilon?: number;
}

/**
 * Batch normalisation with torch's conventions: the layer of TensorFlow.js, whose running variance takes the unbiased variance of each
 * batch. Channels are the last axis.
 *
 * Training: y = (x - mean) / sqrt(var + epsilon) with the biased variance over all n values of a channel, then scale and offset;
 * running mean <- momentum old + (1 - momentum) mean, running variance <- momentum old + (1 - momentum) var n / (n - 1) (of a single value:
 * var). Otherwise with the running ones. Saved models hold the layer of TensorFlow.js, which is the same outside of training.
 *
 * @see Ioffe and Szegedy (2015), Batch Normalization, algorithms 1 and 2 (step 10 has the unbiased variance)
 * @example
 * const normal = batchNormalization({ name: 'norm' }).apply(features);
 */
export function batchNormalization({
  momentum = 0.9, // torch's 0.1, from the other side
  epsilon = 1e-5, // torch
  ...rest
}: BatchNormalizationOptions = {}): tfl.layers.Layer {
  assertKnownOptions('batchNormalization', rest, ['momentum', 'epsilon', 'name', 'inputShape', 'trainable']);
  const layer = tfl.layers.batchNormalization({ momentum, epsilon, ...rest });
  const biased = layer.call.bind(layer);
  layer.call = (inputs, kwargs) =>
    tf.tidy(() => {
      if (!isTraining(kwargs)) return biased(inputs, kwargs);
      const x = singleInput('batchNormalization', inputs as Tensor | Tensor[]);
      const count = x.size / (x.shape.at(-1) as number);
      if (count < 2) return biased(inputs, kwargs);
      const correction = count / (count - 1);
      const { movingVariance } = layer as unknown as { movingVariance: tfl.LayerVariable };
      const oldShare = tf.mul(movingVariance.read(), momentum * (correction - 1));
      const output = biased(inputs, kwargs);
      // momentum old + (1 - momentum) var is there; of it only the second part is corrected.
      movingVariance.write(tf.sub(tf.mul(movingVariance.read(), correction), oldShare));
      return output;
    });
  return layer;
}
