import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireRate } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { randomMask } from '../random/tensors.js';
import { type CallArguments, isTraining, type LayerOptions, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

/**
 * Sets each value to zero with probability `rate` and scales the others by 1 / (1 - rate), when training; the identity else.
 * Unlike tfjs-layers' own, it works inside `compile` and repeats exactly after a resume.
 *
 * @param x any shape
 * @throws CrossmodalError unless 0 <= rate < 1
 * @see Srivastava et al.: Dropout (2014)
 * @example
 * const kept = dropout(features, { rate: 0.1, random, training: true });
 */
export function dropout<T extends Tensor>(
  x: T,
  { rate, random, training, ...others }: { rate: number; random: Random; training: boolean },
): T {
  assertKnownOptions('dropout', others, ['rate', 'random', 'training']);
  checkRate('dropout', rate);
  if (!training || rate === 0) return tf.clone(x);
  return tf.tidy(() => {
    const mask = randomMask(x.shape, { random, probability: 1 - rate });
    return tf.mul(x, tf.mul(mask, 1 / (1 - rate))) as T;
  });
}

export function checkRate(caller: string, rate: number): void {
  requireRate(`${caller}: rate`, rate);
}

/** See `dropoutLayer`. */
export class Dropout extends tfl.layers.Layer {
  static readonly className = 'SeededDropout';
  readonly rate: number;
  readonly seed: number;
  readonly #random: Random;

  constructor({ rate, seed, ...rest }: { rate: number; seed: number } & LayerOptions) {
    super(rest);
    checkRate('dropoutLayer', rate);
    this.rate = rate;
    this.seed = seed;
    this.#random = new Random(seed);
    this.supportsMasking = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor {
    const x = singleInput('dropoutLayer', inputs);
    return dropout(x, { rate: this.rate, random: this.#random, training: isTraining(kwargs) });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed };
  }
}

/**
 * `dropout` as a layer, with a stream of its own.
 *
 * @example
 * const regular = tfl.sequential({
 *   layers: [tfl.layers.dense({ units: 8, inputShape: [4] }), dropoutLayer({ rate: 0.1, seed: 1 })],
 * });
 */
export function dropoutLayer(options: { rate: number; seed: number } & LayerOptions): Dropout {
  assertKnownOptions('dropoutLayer', options, ['rate', 'seed', 'name', 'inputShape', 'trainable']);
  registerLayer(Dropout);
  return new Dropout(options);
}
