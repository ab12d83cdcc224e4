import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Gaussian } from '@crossmodal/core/layers';
import { gaussianLogLikelihood } from '@crossmodal/losses';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface ProductOfGaussiansOptions {
  /** Which experts count, one [batch] of ones and zeros per expert; all by default. */
  masks?: readonly (Tensor1D | undefined)[] | undefined;
  /**
   * Multiplies with the prior N(0, I) as one more expert.
   * @default true
   */
  prior?: boolean;
}

/**
 * The product of diagonal Gaussians, which is Gaussian again: with precisions T_k = mask_k exp(-logVariance_k),
 * T = sum_k T_k (+ 1 with the prior expert), mean = sum_k T_k mean_k / T, logVariance = -log T.
 *
 * @param experts each mean and log variance [batch, dimension]
 * @returns the product; without the prior expert every row needs an expert that counts
 * @throws CrossmodalError without experts, for unequal shapes, or a number of masks that is not that of the experts
 * @see Wu and Goodman, Multimodal generative models for scalable weakly-supervised learning (MVAE, 2018), section 2.2
 * @example
 * const joint = productOfGaussians([fromImage, fromText]);
 */
export function productOfGaussians(
  experts: readonly Gaussian[],
  { masks, prior = true, ...others }: ProductOfGaussiansOptions = {}, // MVAE always has it
): Gaussian {
  assertKnownOptions('productOfGaussians', others, ['masks', 'prior']);
  checkExperts('productOfGaussians', experts, masks);
  return tf.tidy(() => {
    const precisions = experts.map(({ logVariance }, k) => {
      const precision = tf.exp(tf.neg(logVariance));
      const mask = masks?.[k];
      return mask ? tf.mul(precision, tf.expandDims(mask, 1)) : precision;
    });
    const weighted = experts.map(({ mean }, k) => tf.mul(mean, precisions[k] as Tensor));
    const sum = tf.addN(precisions);
    const total = prior ? tf.add(sum, 1) : sum;
    return { mean: tf.div(tf.addN(weighted), total) as Tensor2D, logVariance: tf.neg(tf.log(total)) as Tensor2D };
  });
}

/**
 * log density of a mixture of diagonal Gaussians: log sum_k w_k N(z; mean_k, exp(logVariance_k)).
 *
 * @param z [batch, dimension]
 * @param components each mean and log variance [batch, dimension]
 * @param options.weights one [batch] per component, rows summing to one; uniform by default
 * @returns [batch]
 * @throws CrossmodalError without components, for unequal shapes
 * @see Shi et al., Variational mixture-of-experts autoencoders (MMVAE, 2019), eq. 2
 * @example
 * const logDensity = mixtureLogDensity(z, [fromImage, fromText]);
 */
export function mixtureLogDensity(
  z: Tensor2D,
  components: readonly Gaussian[],
  { weights, ...others }: { weights?: readonly Tensor1D[] | undefined } = {},
): Tensor1D {
  assertKnownOptions('mixtureLogDensity', others, ['weights']);
  checkExperts('mixtureLogDensity', components, weights);
  return tf.tidy(() => {
    const densities = components.map(({ mean, logVariance }, k) => {
      const density = gaussianLogLikelihood(z, mean, { logVariance });
      const weight = weights?.[k];
      // A weight of zero is far below all others, and finite.
      return weight ? tf.add(density, tf.log(tf.maximum(weight, 1e-30))) : tf.sub(density, Math.log(components.length));
    });
    if (densities.length === 1) return densities[0] as Tensor1D;
    return tf.logSumExp(tf.stack(densities), 0) as Tensor1D;
  });
}

/** All non-empty subsets of 0 ... count - 1, by size, then in order of their members. */
export function subsetsOf(count: number): number[][] {
  const all = Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (_, i) => i).filter((i) => ((bits + 1) >> i) & 1),
  );
  const order = (a: number[], b: number[]) => {
    const first = a.findIndex((member, i) => member !== b[i]);
    return a.length - b.length || (first < 0 ? 0 : (a[first] as number) - (b[first] as number));
  };
  return all.sort(order);
}

function checkExperts(caller: string, experts: readonly Gaussian[], perExpert?: readonly unknown[] | undefined): void {
  const shape = experts[0]?.mean.shape;
  if (!shape || (perExpert && perExpert.length !== experts.length)) {
    throw new CrossmodalError(
      `${caller}: needs at least one Gaussian and as many masks or weights, got ${experts.length} and ${perExpert?.length ?? 'none'}`,
    );
  }
  for (const { mean, logVariance } of experts) {
    if (!tf.util.arraysEqual(mean.shape, shape) || !tf.util.arraysEqual(logVariance.shape, shape)) {
      throw new CrossmodalError(
        `${caller}: all Gaussians must have one shape, got [${shape}], [${mean.shape}] and [${logVariance.shape}]`,
      );
    }
  }
}
