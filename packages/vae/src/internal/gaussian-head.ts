import { type NamedVariables, namedVariables } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** A diagonal Gaussian per row: mean and log variance [batch, latentDimension]. */
export type Gaussian = {
  mean: Tensor2D;
  logVariance: Tensor2D;
};

/** The last layer of the inference side: features -> Gaussian. */
export interface GaussianHead {
  apply(features: Tensor2D): Gaussian;
  namedVariables(): NamedVariables;
  dispose(): void;
}

export function gaussianHead(
  name: string,
  features: number,
  latentDimension: number,
  seed: number | string,
): GaussianHead {
  const seeds = new LayerSeeds(seed, `gaussian-head-${name}`);
  const layer = tfl.layers.dense({
    units: 2 * latentDimension,
    inputShape: [features],
    kernelInitializer: seeds.glorot('gaussian'),
    name: 'gaussian',
  });
  const model = tfl.sequential({ layers: [layer], name: 'gaussian_head' });
  return {
    apply: (input) =>
      tf.tidy(() => {
        const [mean, raw] = tf.split(model.apply(input) as Tensor2D, 2, 1) as [Tensor2D, Tensor2D];
        // exp stays finite, and a variance far from zero, whatever training does.
        return { mean, logVariance: tf.clipByValue(raw, -12, 12) };
      }),
    namedVariables: () => namedVariables(model),
    dispose: () => {
      model.dispose();
    },
  };
}
