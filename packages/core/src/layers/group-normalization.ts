import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { firstShape, type LayerOptions, type LayerShape, singleInput } from './inputs.js';
import { registerLayer } from './register.js';

export interface GroupNormalizationOptions extends LayerOptions {
  /** 1 is layer normalisation over all but the batch; as many as channels is instance normalisation. */
  groups: number;
  epsilon?: number;
  /** Learned scale and offset per channel. */
  affine?: boolean;
}

/** See `groupNormalization`. */
export class GroupNormalization extends tfl.layers.Layer {
  static readonly className = 'GroupNormalization';
  readonly #options: Required<Omit<GroupNormalizationOptions, keyof LayerOptions>>;
  #gamma: tfl.LayerVariable | undefined;
  #beta: tfl.LayerVariable | undefined;

  constructor({ groups, epsilon = 1e-5, affine = true, ...rest }: GroupNormalizationOptions) {
    super(rest); // epsilon: torch's default
    this.#options = { groups, epsilon, affine };
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const channels = firstShape(inputShape).at(-1) as number;
    if (
      !Number.isSafeInteger(this.#options.groups) ||
      this.#options.groups < 1 ||
      channels % this.#options.groups !== 0
    ) {
      throw new CrossmodalError(
        `groupNormalization: groups must divide the channels, got ${this.#options.groups} and ${channels}`,
      );
    }
    if (this.#options.affine) {
      this.#gamma = this.addWeight('gamma', [channels], 'float32', tfl.initializers.ones());
      this.#beta = this.addWeight('beta', [channels], 'float32', tfl.initializers.zeros());
    }
    super.build(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { groups, epsilon } = this.#options;
    return tf.tidy(() => {
      const x = singleInput('groupNormalization', inputs);
      const batch = x.shape[0] as number;
      const channels = x.shape.at(-1) as number;
      const grouped = tf.reshape(x, [batch, -1, groups, channels / groups]);
      const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centred), [1, 3], true);
      const normal = tf.reshape(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), x.shape);
      return this.#gamma ? tf.add(tf.mul(normal, this.#gamma.read()), this.#beta!.read()) : normal;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}

/**
 * Normalises groups of channels of each sample over all positions: (x - mean) / sqrt(variance + epsilon), then scale and
 * offset per channel. Channels are the last axis.
 *
 * @throws CrossmodalError when the groups do not divide the channels
 * @see Wu, He: Group normalization (2018), equations 1-7
 * @example
 * const normal = groupNormalization({ groups: 8 }).apply(features);
 */
export function groupNormalization(options: GroupNormalizationOptions): GroupNormalization {
  assertKnownOptions('groupNormalization', options, ['groups', 'epsilon', 'affine', 'name', 'inputShape', 'trainable']);
  registerLayer(GroupNormalization);
  return new GroupNormalization(options);
}
