import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { randomNormal } from '../random/tensors.js';
import {
  type CallArguments,
  firstShape,
  isTraining,
  type LayerOptions,
  type LayerShape,
  severalInputs,
} from './inputs.js';
import { registerLayer } from './register.js';

/**
 * A sample of N(mean, exp(logVariance)) through which gradients flow: z = mean + exp(logVariance / 2) * noise.
 *
 * @param mean [batch, ...]
 * @param logVariance same shape
 * @throws CrossmodalError when the shapes differ
 * @see Kingma, Welling: Auto-encoding variational Bayes (2014), section 2.4
 * @example
 * const latent = reparameterise(mean, logVariance, { random });
 */
export function reparameterise<T extends Tensor>(
  mean: T,
  logVariance: T,
  { random, ...others }: { random: Random },
): T {
  assertKnownOptions('reparameterise', others, ['random']);
  if (!tf.util.arraysEqual(mean.shape, logVariance.shape)) {
    throw new CrossmodalError(
      `reparameterise: mean and logVariance must have equal shape, got [${mean.shape}] and [${logVariance.shape}]`,
    );
  }
  return tf.tidy(() => {
    const noise = randomNormal(mean.shape, { random });
    return tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise)) as T;
  });
}

/** See `reparameteriseLayer`. */
export class Reparameterise extends tfl.layers.Layer {
  static readonly className = 'Reparameterise';
  readonly seed: number;
  readonly #random: Random;

  constructor({ seed, ...rest }: { seed: number } & LayerOptions) {
    super(rest);
    this.seed = seed;
    this.#random = new Random(seed);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    return firstShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor {
    const [mean, logVariance] = severalInputs('reparameteriseLayer', inputs, 2) as [Tensor, Tensor];
    return isTraining(kwargs) ? reparameterise(mean, logVariance, { random: this.#random }) : tf.clone(mean);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), seed: this.seed };
  }
}

/**
 * `reparameterise` as a layer of two inputs [mean, logVariance]; when not training it returns the mean.
 *
 * @example
 * const mean = tfl.input({ shape: [8] });
 * const logVariance = tfl.input({ shape: [8] });
 * const latent = reparameteriseLayer({ seed: 1 }).apply([mean, logVariance]);
 */
export function reparameteriseLayer(options: { seed: number } & LayerOptions): Reparameterise {
  assertKnownOptions('reparameteriseLayer', options, ['seed', 'name', 'inputShape', 'trainable']);
  registerLayer(Reparameterise);
  return new Reparameterise(options);
}
