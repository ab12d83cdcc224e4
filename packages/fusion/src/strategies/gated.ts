import { assertKnownOptions, type NamedVariables, prefixed, requireInteger } from '@crossmodal/core';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { linear } from '../internal/linear.js';
import type { FusionStrategy } from './fusion-strategy.js';

export interface GatedOptions {
  /**
   * Length of the joined vectors.
   * @default 128
   */
  dimension?: number;
}

/** Added to the gate of what is missing. */
const closed = -1e9;

/**
 * The gated multimodal unit: each modality proposes a vector, gates computed from all of them weigh the proposals, feature
 * by feature; missing modalities get no weight.
 *
 * f = sum_m z_m * tanh(W_m x_m + b_m), z = softmax over the present m of G_m [x_1, ..., x_M] + c_m. For two modalities this
 * is the bimodal unit of the paper: a softmax of two is a sigmoid of the difference.
 *
 * @throws CrossmodalError when the dimension is no positive integer
 * @see Arevalo et al.: Gated multimodal units for information fusion (2017), section 3.1
 * @example
 * const model = fusionClassifier({ encoders: { image, audio }, classes: 10, strategy: gated({ dimension: 64 }), seed: 1 });
 */
export function gated(options: GatedOptions = {}): FusionStrategy {
  assertKnownOptions('gated', options, { dimension: true } satisfies Record<keyof GatedOptions, true>);
  const { dimension = 128 } = options; // of the order of the paper's 128 to 512
  requireInteger('gated: dimension', dimension);
  return {
    saved: { type: 'gated', options: { dimension } },
    build(modalities, { random }) {
      const width = modalities.reduce((sum, { dimension: own }) => sum + own, 0);
      const layers = modalities.map(({ name, dimension: own }) => ({
        name,
        proposal: linear({ inputs: own, outputs: dimension, random: random.fork(`proposal/${name}`) }),
        gate: linear({ inputs: width, outputs: dimension, random: random.fork(`gate/${name}`) }),
      }));
      return {
        dimension,
        fuse: (features) =>
          tf.tidy(() => {
            const vectors = layers.map(({ name }) => features[name]!.vector());
            const all = tf.concat(vectors, 1) as Tensor2D;
            const gates = layers.map(({ name, gate }) =>
              tf.add(gate.apply(all), tf.mul(tf.sub(1, features[name]!.present), closed)),
            );
            const proposals = layers.map(({ name, proposal }, i) =>
              tf.mul(tf.tanh(proposal.apply(vectors[i]!)), features[name]!.present),
            );
            // The modalities last: a softmax over the last axis is what every backend has.
            const weights = tf.softmax(tf.stack(gates, 2)) as Tensor3D;
            return tf.sum(tf.mul(weights, tf.stack(proposals, 2)), 2) as Tensor2D;
          }),
        namedVariables: () =>
          Object.assign(
            {},
            ...layers.flatMap(({ name, proposal, gate }) => [
              prefixed(`proposal/${name}`, proposal.namedVariables()),
              prefixed(`gate/${name}`, gate.namedVariables()),
            ]),
          ) as NamedVariables,
        dispose: () => {
          for (const { proposal, gate } of layers) {
            proposal.dispose();
            gate.dispose();
          }
        },
      };
    },
  };
}
