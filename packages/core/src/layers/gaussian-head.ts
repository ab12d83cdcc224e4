import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireInteger } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { type NamedVariables, namedVariables } from '../variables.js';
import type { LayerSeeds } from './layer-seeds.js';

/** A diagonal Gaussian per row: mean and log variance, [batch, dimension] each. */
export type Gaussian = {
  mean: Tensor2D;
  logVariance: Tensor2D;
};

/** A dense layer from features to a Gaussian. */
export interface GaussianHead {
  /** @param features [batch, features] */
  apply(features: Tensor2D): Gaussian;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/**
 * Log variances lie within this of zero, so standard deviations between 1/403 and 403, whatever training does: exp(-12) and exp(12) stay
 * finite, and the prior's precision of 1 is not lost in float32 beside the largest, 1.6e5, when experts are multiplied. Posteriors that
 * training finds lie well inside; the gradient of a log variance beyond is zero.
 */
const LARGEST_LOG_VARIANCE = 12;

/**
 * The last layer of an inference network, or of conditioning augmentation: (mean, log variance) = W x + b, the log variance clipped to
 * [-12, 12].
 *
 * @param options.features width of the input
 * @param options.dimension of the Gaussian
 * @param options.seeds of the weights, by layer name
 * @throws CrossmodalError when a width is no positive whole number
 * @see Kingma, Welling: Auto-encoding variational Bayes (2014), appendix C.2
 * @example
 * const head = gaussianHead({ features: 64, dimension: 8, seeds: new LayerSeeds(1, 'example') });
 * const { mean, logVariance } = head.apply(features);
 */
export function gaussianHead({
  features,
  dimension,
  seeds,
  name = 'gaussian_head',
  ...others
}: {
  features: number;
  dimension: number;
  seeds: LayerSeeds;
  /** @default 'gaussian_head' */
  name?: string;
}): GaussianHead {
  assertKnownOptions('gaussianHead', others, ['features', 'dimension', 'seeds', 'name']);
  requireInteger('gaussianHead: features', features);
  requireInteger('gaussianHead: dimension', dimension);
  const layer = tfl.layers.dense({
    units: 2 * dimension,
    inputShape: [features],
    kernelInitializer: seeds.glorot('gaussian'),
    name: 'gaussian',
  });
  const model = tfl.sequential({ layers: [layer], name });
  return {
    apply: (input) =>
      tf.tidy(() => {
        const [mean, raw] = tf.split(model.apply(input) as Tensor2D, 2, 1) as [Tensor2D, Tensor2D];
        return { mean, logVariance: tf.clipByValue(raw, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE) };
      }),
    namedVariables: () => namedVariables(model),
    dispose: () => {
      model.dispose();
    },
  };
}
