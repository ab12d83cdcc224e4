import { assertKnownOptions, type NamedVariables, type Random } from '@crossmodal/core';
import { gaussianHead, LayerSeeds, reparameterise } from '@crossmodal/core/layers';
import { klStandardNormal } from '@crossmodal/losses';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** What the generator gets instead of the condition, and how far its distribution is from N(0, I). */
export interface AugmentedCondition {
  condition: Tensor2D;
  divergence: Scalar;
}

/**
 * Conditioning augmentation: the generator sees a sample of N(mean(c), diag exp(logVariance(c))) instead of the condition
 * c itself, which fills the gaps between the few conditions of a small data set. KL(N(mean, variance) || N(0, I)) is added
 * to the generator's loss.
 *
 * @see Zhang et al., StackGAN (2017), section 3.2, eq. 2
 * @example
 * const augmentation = conditioningAugmentation({ conditionDimension: 64, dimension: 32, seed: 1 });
 * const { condition, divergence } = augmentation.apply(textEmbeddings, { random });
 */
export interface ConditioningAugmentation {
  readonly dimension: number;
  /** @param condition [batch, conditionDimension] */
  apply(condition: Tensor2D, options: { random: Random }): AugmentedCondition;
  namedVariables(): NamedVariables;
  dispose(): void;
}

export function conditioningAugmentation({
  conditionDimension,
  dimension = 128, // StackGAN
  seed = 0,
  ...others
}: {
  conditionDimension: number;
  /** @default 128 */
  dimension?: number;
  /** @default 0 */
  seed?: number | string;
}): ConditioningAugmentation {
  assertKnownOptions('conditioningAugmentation', others, ['conditionDimension', 'dimension', 'seed']);
  const head = gaussianHead({
    features: conditionDimension,
    dimension,
    seeds: new LayerSeeds(seed, 'conditioning-augmentation'),
    name: 'conditioning_augmentation',
  });
  return {
    dimension,
    apply: (condition, { random, ...rest }) =>
      tf.tidy(() => {
        assertKnownOptions('conditioningAugmentation.apply', rest, ['random']);
        const { mean, logVariance } = head.apply(condition);
        return {
          condition: reparameterise(mean, logVariance, { random }),
          divergence: klStandardNormal(mean, logVariance),
        };
      }),
    namedVariables: head.namedVariables,
    dispose: head.dispose,
  };
}
