import { assertKnownOptions, type NamedVariables, prefixed, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { linear } from '../internal/linear.js';
import type { FusionStrategy } from './fusion-strategy.js';

export interface LowRankBilinearOptions {
  /**
   * Rank of the bilinear form.
   * @default 256
   */
  rank?: number;
  /**
   * Length of the joined vectors; the rank unless given.
   * @default rank
   */
  dimension?: number;
}

/**
 * Low-rank bilinear pooling: every feature of one modality meets every feature of the others, through factors of rank d.
 *
 * f = P^T (tanh(U_1 x_1 + b_1) * ... * tanh(U_M x_M + b_M)) + c; the factor of a missing modality is one.
 *
 * @throws CrossmodalError when a size is no positive integer
 * @see Kim et al.: Hadamard product for low-rank bilinear pooling (2017), equation 17
 * @example
 * const model = questionAnswering({ image, question, answers, strategy: lowRankBilinear({ rank: 128 }), seed: 1 });
 */
export function lowRankBilinear(options: LowRankBilinearOptions = {}): FusionStrategy {
  assertKnownOptions('lowRankBilinear', options, {
    rank: true,
    dimension: true,
  } satisfies Record<keyof LowRankBilinearOptions, true>);
  const { rank = 256, dimension = rank } = options; // the paper has 1,200 for VQA; ours are smaller problems
  requireInteger('lowRankBilinear: rank', rank);
  requireInteger('lowRankBilinear: dimension', dimension);
  return {
    saved: { type: 'lowRankBilinear', options: { rank, dimension } },
    build(modalities, { random }) {
      const factors = modalities.map(({ name, dimension: own }) => ({
        name,
        layer: linear({ inputs: own, outputs: rank, random: random.fork(`factor/${name}`) }),
      }));
      const output = linear({ inputs: rank, outputs: dimension, random: random.fork('output') });
      return {
        dimension,
        fuse: (features) =>
          tf.tidy(() => {
            const values = factors.map(({ name, layer }) => {
              const { vector, present } = features[name]!;
              return tf.add(tf.mul(tf.tanh(layer.apply(vector())), present), tf.sub(1, present)) as Tensor2D;
            });
            return output.apply(values.reduce((product, value) => tf.mul(product, value) as Tensor2D));
          }),
        namedVariables: () => ({
          ...(Object.assign(
            {},
            ...factors.map(({ name, layer }) => prefixed(`factor/${name}`, layer.namedVariables())),
          ) as NamedVariables),
          ...prefixed('output', output.namedVariables()),
        }),
        dispose: () => {
          for (const { layer } of factors) layer.dispose();
          output.dispose();
        },
      };
    },
  };
}
