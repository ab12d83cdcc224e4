import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { assertKnownOptions } from '../known-options.js';
import { firstShape, type LayerOptions, type LayerShape, severalInputs } from './inputs.js';
import { lastOf } from './multi-head-attention.js';
import { registerLayer } from './register.js';
import { seededInitializers } from './weights.js';

/** See `classToken`. */
export class ClassToken extends tfl.layers.Layer {
  static readonly className = 'ClassToken';
  readonly #seed: number;
  #token: tfl.LayerVariable | undefined;

  constructor({ seed, ...rest }: { seed: number } & LayerOptions) {
    super(rest);
    this.#seed = seed;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const width = lastOf(firstShape(inputShape));
    this.#token = this.addWeight(
      'token',
      [1, 1, width],
      'float32',
      seededInitializers(this.#seed).normal('token', 0.02),
    ); // ViT
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape | LayerShape[] {
    const longer = ([batch = null, length = null, ...rest]: LayerShape): LayerShape => [
      batch,
      length === null ? null : length + 1,
      ...rest,
    ];
    return Array.isArray(inputShape[0]) ? (inputShape as LayerShape[]).map(longer) : longer(inputShape as LayerShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor | Tensor[] {
    const [x, mask] = severalInputs('classToken', inputs, 1, 2) as [Tensor, Tensor | undefined];
    return tf.tidy(() => {
      const [batch, , width] = x.shape as [number, number, number];
      // A sum with zeros in place of a tile: its gradient is a plain reduction.
      const token = tf.add(tf.zeros([batch, 1, width]), this.#token!.read());
      const sequence = tf.concat([token, x], 1);
      if (!mask) return Array.isArray(inputs) ? [sequence] : sequence;
      return [sequence, tf.concat([tf.ones([batch, 1]), tf.cast(mask, 'float32')], 1)];
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), seed: this.#seed };
  }
}

/**
 * Puts a learned vector before a sequence: [batch, length, width] to [batch, length + 1, width]. With inputs `[x, mask]` it
 * returns the longer mask too.
 *
 * @see Devlin et al.: BERT (2019); Dosovitskiy et al.: ViT (2021), equation 1
 * @example
 * const sequence = classToken({ seed: 1 }).apply(patchRows);
 */
export function classToken(options: { seed: number } & LayerOptions): ClassToken {
  assertKnownOptions('classToken', options, ['seed', 'name', 'inputShape', 'trainable']);
  registerLayer(ClassToken);
  return new ClassToken(options);
}
