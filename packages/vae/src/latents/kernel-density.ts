import { assertKnownOptions, CrossmodalError, randomNormal } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkLatents, checkPoints, type LatentDistribution } from './latent-distribution.js';

/**
 * A Gaussian kernel of one width around each latent: p(z) = 1/n sum_i N(z; z_i, h^2 I). A sample is a latent of the data,
 * moved a little.
 *
 * @param latents [rows, dimension]; they are copied
 * @param options.bandwidth h, or the rule for it: `scott` n^(-1/(d+4)), `silverman` (n (d+2) / 4)^(-1/(d+4)); both suppose
 *   variances of about one, as latents of a VAE have
 * @throws CrossmodalError for another shape or a bandwidth that is not positive
 * @see Silverman, Density estimation for statistics and data analysis (1986), sections 4.2 and 4.3
 * @example
 * const latents = fitKernelDensity(model.posterior(train).mean, { bandwidth: 0.3 });
 */
export function fitKernelDensity(
  latents: Tensor2D,
  {
    bandwidth = 'scott',
    ...others
  }: {
    /** @default 'scott' */
    bandwidth?: number | 'scott' | 'silverman';
  } = {},
): LatentDistribution {
  assertKnownOptions('fitKernelDensity', others, ['bandwidth']);
  checkLatents('fitKernelDensity', latents, { least: 1 });
  const [rows, dimension] = latents.shape;
  const width = widthOf(bandwidth, rows, dimension);
  if (!(width > 0)) {
    throw new CrossmodalError(
      `fitKernelDensity: bandwidth must be a positive number, 'scott' or 'silverman', got ${bandwidth}`,
    );
  }
  const centers = tf.clone(latents);
  return {
    dimension,
    sample: (count, { random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('latents.sample', others, ['random']);
        const chosen = Array.from({ length: count }, () => random.integer(rows));
        const noise = randomNormal<Tensor2D>([count, dimension], { random });
        return tf.add(tf.gather(centers, tf.tensor1d(chosen, 'int32')), tf.mul(width, noise)) as Tensor2D;
      }),
    logDensity(z) {
      checkPoints('logDensity', z, dimension);
      return tf.tidy(() => {
        // |z - c|^2 = |z|^2 - 2 z.c + |c|^2, about the mean, where the three terms are small.
        const middle = tf.mean(centers, 0);
        const points = tf.sub(z, middle) as Tensor2D;
        const kernels = tf.sub(centers, middle) as Tensor2D;
        const own = tf.sum(tf.square(points), 1, true);
        const theirs = tf.reshape(tf.sum(tf.square(kernels), 1), [1, rows]);
        const squared = tf.maximum(tf.add(tf.sub(own, tf.mul(2, tf.matMul(points, kernels, false, true))), theirs), 0);
        const constant = -(dimension / 2) * Math.log(2 * Math.PI * width ** 2) - Math.log(rows);
        return tf.add(tf.logSumExp(tf.mul(-0.5 / width ** 2, squared), 1), constant) as Tensor1D;
      });
    },
    dispose: () => centers.dispose(),
  };
}

function widthOf(bandwidth: number | 'scott' | 'silverman', rows: number, dimension: number): number {
  if (bandwidth === 'scott') return rows ** (-1 / (dimension + 4));
  if (bandwidth === 'silverman') return ((rows * (dimension + 2)) / 4) ** (-1 / (dimension + 4));
  return Number(bandwidth);
}
