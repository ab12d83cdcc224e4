import type { Described } from '@crossmodal/core';
import type { Gaussian } from '@crossmodal/core/layers';
import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Posterior } from '../posterior.js';

/** What a fusion makes the posterior of. */
export interface Evidence {
  /** The Gaussian of each modality that is given, in the order of the model's modalities. */
  experts: readonly Gaussian[];
  /** The rows that have it, [batch] of ones and zeros, per expert; undefined where all have. */
  masks: readonly (Tensor1D | undefined)[];
  /** Whether the experts are those of all the model's modalities. */
  complete: boolean;
  /** The Gaussian of the joint network; there when the fusion has one and all modalities are given. */
  joint: Gaussian | undefined;
}

/**
 * How the Gaussians of single modalities become one posterior: `productOfExperts()` (MVAE), `mixtureOfExperts()` (MMVAE),
 * `mixtureOfProducts()` (MoPoE), `jmvae()` (JMVAE), or one of your own.
 */
export interface Fusion extends Described {
  readonly name: string;
  /** The posterior of what is given. */
  posterior(evidence: Evidence): Posterior;
  /** Whether it wants a network of its own over the features of all modalities. */
  readonly hasJointNetwork?: boolean;
  /** Whether the bounds of the single modalities join the loss, each with the posterior that it has alone. */
  readonly hasSingleBounds?: boolean;
  /** What joins the loss besides, from the posterior of a batch and its experts; undefined for nothing. */
  penalty?(posterior: Posterior, experts: readonly Gaussian[]): Scalar | undefined;
}

/** Each row's uniform weights over the components that are available to it; undefined when every row has all. */
export function uniformWeights(
  available: readonly (Tensor | undefined)[],
  components: readonly Gaussian[],
): Tensor1D[] | undefined {
  if (available.every((mask) => mask === undefined)) return undefined;
  const rows = (components[0] as Gaussian).mean.shape[0];
  const present = available.map((mask) => mask ?? tf.ones([rows]));
  const total = tf.maximum(tf.addN(present), 1e-6);
  return present.map((mask) => tf.div(mask, total) as Tensor1D);
}
