import { type Random, randomUniform } from '@crossmodal/core';
import type { Gaussian } from '@crossmodal/core/layers';
import { reparameterise } from '@crossmodal/core/layers';
import { klGaussians } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { repeated } from '../internal/observation.js';

/** A mixture of diagonal Gaussians per row; `weights` are one [batch] per component, uniform when undefined. */
export type Posterior = {
  components: Gaussian[];
  weights: Tensor1D[] | undefined;
};

/** One draw per row: mean + exp(logVariance / 2) noise. */
export function drawFrom({ mean, logVariance }: Gaussian, random: Random): Tensor2D {
  return reparameterise(mean, logVariance, { random });
}

/** Every row `times` times, in each component. */
export function repeatedPosterior({ components, weights }: Posterior, times: number): Posterior {
  return {
    components: components.map(({ mean, logVariance }) => ({
      mean: repeated(mean, times),
      logVariance: repeated(logVariance, times),
    })),
    weights: weights?.map((weight) => repeated(weight, times)),
  };
}

/** For each row one of the components, drawn by their weights. */
export function chosenComponent({ components, weights }: Posterior, random: Random): Gaussian {
  const first = components[0] as Gaussian;
  if (components.length === 1) return first;
  const rows = first.mean.shape[0];
  const uniform = randomUniform<Tensor1D>([rows], { random });
  let below: tf.Tensor | number = 0;
  const parts = components.map((component, k) => {
    const above: tf.Tensor | number = tf.add(below, weights?.[k] ?? 1 / components.length);
    const last = k === components.length - 1;
    const inside = last
      ? tf.greaterEqual(uniform, below)
      : tf.logicalAnd(tf.greaterEqual(uniform, below), tf.less(uniform, above));
    below = above;
    const taken = tf.expandDims(tf.cast(inside, 'float32'), 1);
    return { mean: tf.mul(component.mean, taken), logVariance: tf.mul(component.logVariance, taken) };
  });
  return {
    mean: tf.addN(parts.map(({ mean }) => mean)) as Tensor2D,
    logVariance: tf.addN(parts.map(({ logVariance }) => logVariance)) as Tensor2D,
  };
}

/** The mean of the mixture. */
export function expectedLatent({ components, weights }: Posterior): Tensor2D {
  const parts = components.map(({ mean }, k) => {
    const weight = weights?.[k];
    return tf.mul(mean, weight ? tf.expandDims(weight, 1) : 1 / components.length);
  });
  return tf.addN(parts) as Tensor2D;
}

/**
 * JMVAE's extra term: the divergence from the joint posterior to that of each single modality, sum_k KL(q || q_k), mean
 * over the batch.
 *
 * @throws InvalidArgumentError for unequal shapes
 * @see Suzuki et al., Joint multimodal learning with deep generative models (2016), eq. 5
 * @example
 * const pull = divergenceToExperts(joint, [fromImage, fromText]);
 */
export function divergenceToExperts(joint: Gaussian, experts: readonly Gaussian[]): Scalar {
  return tf.tidy(() => {
    const terms = experts.map(({ mean, logVariance }) => klGaussians(joint.mean, joint.logVariance, mean, logVariance));
    return (terms.length === 1 ? tf.clone(terms[0] as Scalar) : tf.addN(terms)) as Scalar;
  });
}
