import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { firstShape, type LayerOptions, type LayerShape, singleInput } from './inputs.js';
import { registerLayer } from './register.js';
import { seededInitializers } from './weights.js';

export interface PatchEmbeddingOptions extends LayerOptions {
  /** Side of a patch in pixels. */
  size: number;
  dimension: number;
  bias?: boolean;
  seed: number;
}

/** See `patchEmbedding`. */
export class PatchEmbedding extends tfl.layers.Layer {
  static readonly className = 'PatchEmbedding';
  readonly #options: Required<Omit<PatchEmbeddingOptions, keyof LayerOptions>>;
  #kernel: tfl.LayerVariable | undefined;
  #bias: tfl.LayerVariable | undefined;

  constructor({ size, dimension, bias = true, seed, ...rest }: PatchEmbeddingOptions) {
    super(rest);
    requireInteger('patchEmbedding: size', size);
    this.#options = { size, dimension, bias, seed };
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const { size, dimension, bias, seed } = this.#options;
    const shape = firstShape(inputShape);
    this.computeOutputShape(shape);
    const initializer = seededInitializers(seed).glorotUniform('kernel');
    this.#kernel = this.addWeight('kernel', [size, size, shape[3] as number, dimension], 'float32', initializer);
    if (bias) this.#bias = this.addWeight('bias', [dimension], 'float32', tfl.initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    const { size, dimension } = this.#options;
    const [batch = null, height, width, channels] = firstShape(inputShape);
    if (
      typeof height !== 'number' ||
      typeof width !== 'number' ||
      height % size !== 0 ||
      width % size !== 0 ||
      !channels
    ) {
      throw new CrossmodalError(
        `patchEmbedding: images must be [batch, height, width, channels] with sides that are multiples of ${size}, got [${firstShape(inputShape)}]`,
      );
    }
    return [batch, (height / size) * (width / size), dimension];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { size, dimension } = this.#options;
    return tf.tidy(() => {
      const x = singleInput('patchEmbedding', inputs) as Tensor4D;
      const grid = tf.conv2d(x, this.#kernel!.read() as Tensor4D, size, 'valid');
      const patches = tf.reshape(grid, [x.shape[0], -1, dimension]);
      return this.#bias ? tf.add(patches, this.#bias.read()) : patches;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#options };
  }
}

/**
 * Cuts images into square patches and projects each: [batch, height, width, channels] to
 * [batch, (height / size) (width / size), dimension], row by row.
 *
 * @throws CrossmodalError when the sides are not multiples of the patch size
 * @see Dosovitskiy et al.: An image is worth 16x16 words (2021), equation 1
 * @example
 * const patches = patchEmbedding({ size: 8, dimension: 64, seed: 1 }).apply(pixels);
 */
export function patchEmbedding(options: PatchEmbeddingOptions): PatchEmbedding {
  assertKnownOptions('patchEmbedding', options, [
    'size',
    'dimension',
    'bias',
    'seed',
    'name',
    'inputShape',
    'trainable',
  ]);
  registerLayer(PatchEmbedding);
  return new PatchEmbedding(options);
}
