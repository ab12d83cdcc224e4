import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  layerSeeds,
  requireInteger,
  requireOneOf,
} from '@crossmodal/core';
import {
  classToken,
  dropoutLayer,
  maskedPooling,
  patchEmbedding,
  positionEmbedding,
  transformerBlock,
} from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import type { ImageItem } from '../image.js';
import { type ImageEncoderOptions, imagePreparation, imagePreprocessing } from './image-options.js';

export interface VisionTransformerEncoderOptions extends ImageEncoderOptions {
  /**
   * Side of a patch in pixels; it must divide `size`.
   * @default 16
   */
  patch?: number;
  /** @default 6 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /** Width of the feed-forward parts; four times `dimension` unless given. */
  hidden?: number;
  /** Width throughout, and length of the vector that comes out. */
  dimension: number;
  /**
   * `class`: the state of an extra token; `mean`: that of all patches.
   * @default 'class'
   */
  pooling?: 'class' | 'mean';
  /** @default 0 */
  dropout?: number;
  seed: number;
}

/**
 * A Transformer over the patches of a picture: patches, positions, pre-norm layers, a last normalisation.
 * `encodeSequence` gives one vector per patch, after the class token if there is one.
 *
 * @returns an encoder of paths, file bytes or pixels; its input is `pixels` [batch, size, size, channels]
 * @throws CrossmodalError when the patch does not divide the size, or the heads not the dimension
 * @see Dosovitskiy et al. (2021), "An image is worth 16x16 words", section 3.1
 * @example
 * const encoder = visionTransformerEncoder({ size: 32, patch: 4, dimension: 128, layers: 4, seed: 1 });
 */
export function visionTransformerEncoder({
  patch = 16, // ViT-B/16
  layers = 6,
  heads = 4,
  hidden,
  dimension,
  pooling = 'class', // Dosovitskiy et al.
  dropout = 0,
  seed,
  ...options
}: VisionTransformerEncoderOptions): Encoder<ImageItem> {
  assertKnownOptions('visionTransformerEncoder', options, [
    'patch',
    'layers',
    'heads',
    'hidden',
    'dimension',
    'pooling',
    'dropout',
    'seed',
    'size',
    'inputChannels',
    'augment',
    'fit',
    'background',
    'kernel',
    'mean',
    'standardDeviation',
  ]);
  requireOneOf('visionTransformerEncoder: pooling', pooling, ['mean', 'class']);

  const { size, inputChannels = 3 } = options;
  for (const [name, value] of Object.entries({ size, patch, layers, heads, dimension })) {
    requireInteger(`visionTransformerEncoder: ${name}`, value);
  }
  if (size % patch !== 0) {
    throw new CrossmodalError(`visionTransformerEncoder: patch must divide size, got ${patch} and ${size}`);
  }
  if (dimension % heads !== 0) {
    throw new CrossmodalError(`visionTransformerEncoder: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  const seedOf = layerSeeds('visionTransformerEncoder', seed);
  const input = tfl.input({ shape: [size, size, inputChannels], name: 'pixels' });
  let x = patchEmbedding({ size: patch, dimension, seed: seedOf('patches'), name: 'patches' }).apply(
    input,
  ) as typeof input;
  if (pooling === 'class') x = classToken({ seed: seedOf('class'), name: 'class' }).apply(x) as typeof input;
  const length = (size / patch) ** 2 + (pooling === 'class' ? 1 : 0);
  x = positionEmbedding({ length, seed: seedOf('positions'), name: 'positions' }).apply(x) as typeof input;
  if (dropout > 0)
    x = dropoutLayer({ rate: dropout, seed: seedOf('dropout'), name: 'dropout' }).apply(x) as typeof input;
  for (let i = 1; i <= layers; i++) {
    const name = `block${i}`;
    x = transformerBlock({ heads, hidden, dropout, seed: seedOf(name), name }).apply(x) as typeof input;
  }
  x = tfl.layers.layerNormalization({ epsilon: 1e-6, name: 'normalization' }).apply(x) as typeof input; // ViT's epsilon
  const mode = pooling === 'class' ? 'first' : 'mean';
  const vector = maskedPooling({ mode, name: 'pool' }).apply(x) as typeof input;
  return defineEncoder<ImageItem>({
    modality: 'image',
    model: tfl.model({ inputs: input, outputs: vector, name: 'vision_transformer' }),
    sequenceModel: tfl.model({ inputs: input, outputs: x, name: 'vision_transformer_patches' }),
    inputs: ['pixels'],
    prepare: imagePreparation('visionTransformerEncoder', options),
    preprocessing: imagePreprocessing(options),
    saved: {
      type: 'visionTransformerEncoder',
      options: { ...options, patch, layers, heads, hidden, dimension, pooling, dropout, seed },
    },
  });
}
