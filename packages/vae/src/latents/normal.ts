import { assertKnownOptions, CrossmodalError, randomNormal } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { disposeComponent, drawn, gaussianComponent, logDensityOf } from './gaussian-component.js';
import { checkLatents, checkPoints, type LatentDistribution } from './latent-distribution.js';
import { momentsOf } from './moments.js';

/**
 * The Gaussian with the mean and the covariance of latents, N(m, C + r I): what the encoded data look like as a whole, which
 * the standard normal prior often is not.
 *
 * @param latents [rows, dimension], such as draws of the posterior of training data
 * @param options.regularisation r, added to the variances
 * @throws CrossmodalError for another shape, fewer than two rows, a negative regularisation, a covariance that is singular
 * @example
 * const latents = await fitNormal(model.posterior(train).mean);
 * const drawings = model.sample(16, { random, latents });
 */
export async function fitNormal(
  latents: Tensor2D,
  {
    regularisation = 1e-6, // scikit-learn's GaussianMixture
    ...others
  }: {
    /** @default 1e-6 */
    regularisation?: number;
  } = {},
): Promise<LatentDistribution> {
  assertKnownOptions('fitNormal', others, ['regularisation']);
  checkLatents('fitNormal', latents, { least: 2 });
  if (!(regularisation >= 0)) {
    throw new CrossmodalError(`fitNormal: regularisation must not be negative, got ${regularisation}`);
  }
  const { mean, covariance } = await momentsOf(latents, { caller: 'fitNormal', regularisation });
  const component = gaussianComponent('fitNormal', mean, covariance);
  const dimension = mean.length;
  return {
    dimension,
    sample(count, { random, ...others }) {
      assertKnownOptions('latents.sample', others, ['random']);
      const noise = randomNormal<Tensor2D>([count, dimension], { random });
      const rows = drawn(component, noise);
      noise.dispose();
      return rows;
    },
    logDensity(z) {
      checkPoints('logDensity', z, dimension);
      return logDensityOf(component, z);
    },
    dispose: () => disposeComponent(component),
  };
}
