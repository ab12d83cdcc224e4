import { CrossmodalError, type Random } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * A distribution over latents to draw samples from in place of the prior, such as one that was fitted to the latents of the
 * training data: `fitNormal`, `fitGaussianMixture`, `fitKernelDensity`.
 */
export interface LatentDistribution {
  readonly dimension: number;
  /** [count, dimension] */
  sample(count: number, options: { random: Random }): Tensor2D;
  /** Log density of each row, in nats: [batch]. */
  logDensity(z: Tensor2D): Tensor1D;
  dispose(): void;
}

/** @throws CrossmodalError unless latents are [rows, dimension] with at least `least` rows */
export function checkLatents(caller: string, latents: Tensor2D, { least }: { least: number }): void {
  if (latents.rank === 2 && latents.shape[0] >= least) return;
  throw new CrossmodalError(
    `${caller}: latents must be [rows, dimension] with at least ${least} rows, got [${latents.shape}]`,
    { remedy: 'pass the means of posterior(x), or draws of it' },
  );
}

/** @throws CrossmodalError unless z is [batch, dimension] */
export function checkPoints(caller: string, z: Tensor2D, dimension: number): void {
  if (z.rank === 2 && z.shape[1] === dimension) return;
  throw new CrossmodalError(`${caller}: z must be [batch, ${dimension}], got [${z.shape}]`);
}
