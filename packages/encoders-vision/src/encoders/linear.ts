import {
  assertKnownOptions,
  CrossmodalError,
  defineEncoder,
  type Encoder,
  layerSeeds,
  requireInteger,
} from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/**
 * A linear encoder of precomputed features: y = W x + b.
 *
 * @param options.features length of the given vectors
 * @param options.dimension length of the vectors that come out
 * @returns an encoder of vectors; its input is `features` [batch, features]
 * @throws CrossmodalError when a length is not a positive whole number; `prepare`, when a vector has another length
 * @example
 * const encoder = linearEncoder({ modality: 'image', features: 128, dimension: 64, seed: 1 });
 */
export function linearEncoder({
  modality = 'image',
  features,
  dimension,
  bias = true,
  seed,
  ...others
}: {
  /** @default 'image' */
  modality?: string;
  features: number;
  dimension: number;
  /** @default true */
  bias?: boolean;
  seed: number;
}): Encoder<ArrayLike<number>> {
  assertKnownOptions('linearEncoder', others, ['modality', 'features', 'dimension', 'bias', 'seed']);

  requireInteger('linearEncoder: features', features);
  requireInteger('linearEncoder: dimension', dimension);
  const input = tfl.input({ shape: [features], name: 'features' });
  const dense = tfl.layers.dense({
    units: dimension,
    useBias: bias,
    kernelInitializer: tfl.initializers.glorotUniform({ seed: layerSeeds('linearEncoder', seed)('output') }),
    name: 'output',
  });
  return defineEncoder<ArrayLike<number>>({
    modality,
    model: tfl.model({ inputs: input, outputs: dense.apply(input) as typeof input, name: 'linear_encoder' }),
    inputs: ['features'],
    saved: { type: 'linearEncoder', options: { modality, features, dimension, bias, seed } },
    prepare: async (rows) => {
      const data = new Float32Array(rows.length * features);
      rows.forEach((row, i) => {
        if (row.length !== features) {
          throw new CrossmodalError(
            `linearEncoder: vectors must have ${features} values, got ${row.length} in number ${i + 1}`,
          );
        }
        data.set(row, i * features);
      });
      return { features: tf.tensor2d(data, [rows.length, features]) };
    },
  });
}
