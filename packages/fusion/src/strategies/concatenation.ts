import { disposeVariables, type NamedVariables } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { FusionStrategy } from './fusion-strategy.js';

/**
 * The vectors of all modalities side by side: f = [x_1, ..., x_M]. In place of a missing one stands a learned vector, zero
 * at first.
 *
 * @example
 * const model = fusionClassifier({ encoders: { image, audio }, classes: 10, strategy: concatenation(), seed: 1 });
 */
export function concatenation(): FusionStrategy {
  return {
    saved: { type: 'concatenation', options: {} },
    build(modalities) {
      const missing: NamedVariables = Object.fromEntries(
        modalities.map(({ name, dimension }) => [
          `missing/${name}`,
          tf.tidy(() => tf.variable(tf.zeros([1, dimension]))),
        ]),
      );
      return {
        dimension: modalities.reduce((sum, { dimension }) => sum + dimension, 0),
        fuse: (features) =>
          tf.tidy(() => {
            const parts = modalities.map(({ name }) => {
              const { vector, present } = features[name]!;
              // Vectors of missing rows are zero already.
              return tf.add(vector(), tf.mul(tf.sub(1, present), missing[`missing/${name}`]!)) as Tensor2D;
            });
            return tf.concat(parts, 1) as Tensor2D;
          }),
        namedVariables: () => ({ ...missing }),
        dispose: () => disposeVariables(missing),
      };
    },
  };
}
