import {
  assertKnownOptions,
  CrossmodalError,
  type EncodedSequence,
  layerSeeds,
  type NamedVariables,
  namedVariables,
  requireInteger,
} from '@crossmodal/core';
import { maskedPooling, poolSequence, positionEmbedding, transformerBlock } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Weights that make one vector of the vectors of frames. */
export interface TemporalNetwork {
  /** @returns the clip's vector [batch, dimension] and one per frame [batch, frames, dimension] */
  apply(
    frames: Tensor3D,
    mask: Tensor2D,
    options: { training: boolean },
  ): { vector: Tensor2D; sequence: EncodedSequence['sequence'] };
  namedVariables(): NamedVariables;
}

/** How frames become a clip: `meanOverTime()`, `transformerOverTime()`, or one of your own. */
export interface TemporalPooling {
  build(shape: { frames: number; dimension: number; seed: number }): TemporalNetwork;
}

/**
 * The mean of the frames, in any order: a clip and the same clip backwards are one.
 *
 * @example
 * const encoder = videoEncoder({ frames, length: 8, pooling: meanOverTime(), seed: 1 });
 */
export function meanOverTime(): TemporalPooling {
  return {
    build: () => ({
      apply: (frames, mask) => ({ vector: poolSequence(frames, mask, { mode: 'mean' }), sequence: frames }),
      namedVariables: () => ({}),
    }),
  };
}

export interface TransformerOverTimeOptions {
  /** @default 2 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /** @default 0 */
  dropout?: number;
}

/**
 * A Transformer over the frames, with learned positions in time, and the mean of what comes out: it knows what came first.
 *
 * @throws CrossmodalError when a size is out of range; by `videoEncoder` when the heads do not divide the dimension
 * @see Arnab et al.: ViViT (2021), section 3.3, model 2 (factorised encoder)
 * @example
 * const encoder = videoEncoder({ frames, length: 8, pooling: transformerOverTime({ layers: 2 }), seed: 1 });
 */
export function transformerOverTime({
  layers = 2,
  heads = 4,
  dropout = 0,
  ...others
}: TransformerOverTimeOptions = {}): TemporalPooling {
  assertKnownOptions('transformerOverTime', others, ['layers', 'heads', 'dropout']);
  requireInteger('transformerOverTime: layers', layers);
  requireInteger('transformerOverTime: heads', heads);
  return {
    build({ frames, dimension, seed }) {
      if (dimension % heads !== 0) {
        throw new CrossmodalError(
          `transformerOverTime: heads must divide the dimension of the frames, got ${heads} and ${dimension}`,
        );
      }
      const seedOf = layerSeeds('transformerOverTime', seed);
      const input = tfl.input({ shape: [frames, dimension], name: 'frames' });
      const mask = tfl.input({ shape: [frames], name: 'mask' });
      let x = positionEmbedding({ length: frames, seed: seedOf('positions'), name: 'positions' }).apply(
        input,
      ) as typeof input;
      for (let i = 1; i <= layers; i++) {
        const name = `block${i}`;
        x = transformerBlock({ heads, dropout, seed: seedOf(name), name }).apply([x, mask]) as typeof input;
      }
      x = tfl.layers.layerNormalization({ epsilon: 1e-5, name: 'normalization' }).apply(x) as typeof input;
      const vector = maskedPooling({ mode: 'mean', name: 'pool' }).apply([x, mask]) as typeof input;
      const model = tfl.model({ inputs: [input, mask], outputs: [vector, x], name: 'transformer_over_time' });
      return {
        apply(values, real, { training }) {
          const [pooled, sequence] = model.apply([values, real], { training }) as Tensor[];
          return { vector: pooled as Tensor2D, sequence: sequence as Tensor3D };
        },
        namedVariables: () => namedVariables(model),
      };
    },
  };
}
