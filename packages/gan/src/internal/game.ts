import {
  type AlternatingStep,
  type NamedVariables,
  namedVariables,
  prefixed,
  type Random,
  randomNormal,
} from '@crossmodal/core';
import { type AdversarialKind, discriminatorLoss, generatorLoss } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ConditioningAugmentation } from '../conditioning-augmentation.js';
import { differentiableAugmentation } from '../differentiable-augmentation.js';
import type { Discriminator } from '../networks/discriminator.js';
import { stopGradient } from './stop-gradient.js';
import { exchanged, trainableNamed } from './variables.js';

/** A loss with the terms that are reported beside it. */
export type LossTerms = { loss: Scalar } & Record<string, Scalar>;

export interface GameOptions {
  generator: LayersModel;
  discriminator: Discriminator;
  latentDimension: number;
  loss: AdversarialKind;
  augmentation?: { network: ConditioningAugmentation; weight: number } | undefined;
  differentiableAugmentation?: { translation?: number; colour?: number } | undefined;
  range?: readonly [low: number, high: number] | undefined;
  random: Random;
}

/** The two networks and their losses, with or without a condition; what `gan` and `conditionalGan` share. */
export class Game {
  readonly options: GameOptions;
  /** The step that keeps the averaged weights, once there is one. */
  step: AlternatingStep<never> | undefined;

  constructor(options: GameOptions) {
    this.options = options;
  }

  /** `mismatched` undefined: not matching-aware. */
  discriminatorLoss(real: Tensor, condition?: Tensor2D, mismatched?: Tensor2D): LossTerms {
    return tf.tidy((): LossTerms => {
      const { loss: kind, discriminator } = this.options;
      const fake = this.#draw(real.shape[0] as number, condition && stopGradient(condition), true).samples;
      const shown = tf.concat([this.#seen(this.scaled(real)), this.#seen(stopGradient(fake))], 0);
      const features = discriminator.body.apply(shown, { training: true }) as Tensor;
      const [ofReal, ofFake] = tf.split(features, 2, 0) as [Tensor, Tensor];
      // One pass of the head over all pairs: (real, right), (generated, right), and (real, wrong) when matching-aware.
      const judged = mismatched ? tf.concat([features, ofReal], 0) : tf.concat([ofReal, ofFake], 0);
      const conditions = condition && tf.concat([condition, condition, ...(mismatched ? [mismatched] : [])], 0);
      const scores = tf.split(this.#head(judged, conditions), mismatched ? 3 : 2, 0);
      const [right, generated, given] = scores as [Tensor, Tensor, Tensor | undefined];
      const wrong = given && condition && mismatched && unlessEqual(condition, mismatched, given, generated);
      const adversarial = discriminatorLoss(right, generated, { kind });
      const terms = { real: tf.mean(right) as Scalar, generated: tf.mean(generated) as Scalar };
      if (!wrong) return { loss: adversarial, ...terms };
      const matching = discriminatorLoss(right, wrong, { kind });
      return {
        loss: tf.mul(0.5, tf.add(adversarial, matching)) as Scalar,
        ...terms,
        mismatched: tf.mean(wrong) as Scalar,
      };
    });
  }

  generatorLoss(rows: number, condition?: Tensor2D): LossTerms {
    return tf.tidy((): LossTerms => {
      const { loss: kind, augmentation, discriminator } = this.options;
      const { samples, divergence } = this.#draw(rows, condition, true);
      const features = discriminator.body.apply(this.#seen(samples), { training: true }) as Tensor;
      const adversarial = generatorLoss(this.#head(features, condition), { kind });
      if (!divergence || !augmentation) return { loss: adversarial };
      return {
        loss: tf.add(adversarial, tf.mul(augmentation.weight, divergence)) as Scalar,
        adversarial,
        divergence,
      };
    });
  }

  generate(
    rows: number,
    condition: Tensor2D | undefined,
    { random, noise, averaged, batchSize }: { random?: Random; noise?: Tensor2D; averaged: boolean; batchSize: number },
  ): Tensor {
    const body = () =>
      tf.tidy(() => {
        const parts: Tensor[] = [];
        for (let start = 0; start < rows; start += batchSize) {
          const count = Math.min(batchSize, rows - start);
          const part = condition && tf.slice(condition, start, count);
          parts.push(this.#draw(count, part, false, { random, noise: noise && tf.slice(noise, start, count) }).samples);
        }
        return this.#unscaled(parts.length === 1 ? (parts[0] as Tensor) : tf.concat(parts, 0));
      });
    const averages = averaged && this.step ? this.step.averages('generator') : {};
    return exchanged(this.generatorVariables(), averages, body);
  }

  score(samples: Tensor, condition?: Tensor2D): tf.Tensor1D {
    return tf.tidy(() => {
      const features = this.options.discriminator.body.apply(this.scaled(samples)) as Tensor;
      const inputs = condition ? [features, condition] : features;
      return tf.reshape(this.options.discriminator.head.apply(inputs) as Tensor, [-1]) as tf.Tensor1D;
    });
  }

  generatorVariables(): NamedVariables {
    return {
      ...prefixed('generator', trainableNamed(this.options.generator)),
      ...prefixed('augmentation', this.options.augmentation?.network.namedVariables() ?? {}),
    };
  }

  discriminatorVariables(): NamedVariables {
    const { body, head } = this.options.discriminator;
    return {
      ...prefixed('discriminator/body', trainableNamed(body)),
      ...prefixed('discriminator/head', trainableNamed(head)),
    };
  }

  namedVariables(): NamedVariables {
    const { generator, augmentation, discriminator } = this.options;
    return {
      ...prefixed('generator', namedVariables(generator)),
      ...prefixed('augmentation', augmentation?.network.namedVariables() ?? {}),
      ...prefixed('discriminator/body', namedVariables(discriminator.body)),
      ...prefixed('discriminator/head', namedVariables(discriminator.head)),
    };
  }

  dispose(): void {
    const { generator, augmentation, discriminator } = this.options;
    for (const model of [generator, discriminator.body, discriminator.head]) model.dispose();
    augmentation?.network.dispose();
  }

  /** From the samples' range to the generator's [-1, 1]. */
  scaled(samples: Tensor): Tensor {
    const { range } = this.options;
    return range ? tf.sub(tf.mul(tf.sub(samples, range[0]), 2 / (range[1] - range[0])), 1) : samples;
  }

  #unscaled(samples: Tensor): Tensor {
    const { range } = this.options;
    return range ? tf.add(tf.mul(tf.add(samples, 1), (range[1] - range[0]) / 2), range[0]) : samples;
  }

  #draw(
    rows: number,
    condition: Tensor2D | undefined,
    training: boolean,
    { random = this.options.random, noise }: { random?: Random | undefined; noise?: Tensor2D | undefined } = {},
  ): { samples: Tensor; divergence?: Scalar } {
    const { generator, latentDimension, augmentation } = this.options;
    const z = noise ?? randomNormal<Tensor2D>([rows, latentDimension], { random });
    if (!condition) return { samples: generator.apply(z, { training }) as Tensor };
    if (!augmentation) return { samples: generator.apply([z, condition], { training }) as Tensor };
    const { condition: augmented, divergence } = augmentation.network.apply(condition, { random });
    return { samples: generator.apply([z, augmented], { training }) as Tensor, divergence };
  }

  #head(features: Tensor, condition: Tensor2D | undefined): Tensor {
    const inputs = condition ? [features, condition] : features;
    return this.options.discriminator.head.apply(inputs, { training: true }) as Tensor;
  }

  #seen(samples: Tensor): Tensor {
    const { differentiableAugmentation: options, random } = this.options;
    return options ? differentiableAugmentation(samples as Tensor4D, { ...options, random }) : samples;
  }
}

/**
 * The scores of mismatched pairs; where both conditions are the same the pair does match, and the score of the generated
 * sample takes its place.
 */
function unlessEqual(condition: Tensor2D, mismatched: Tensor2D, wrong: Tensor, generated: Tensor): Tensor {
  const distance = tf.sum(tf.abs(tf.sub(stopGradient(condition), stopGradient(mismatched))), 1, true);
  const differs = tf.step(tf.sub(distance, 1e-5 * condition.shape[1]));
  return tf.add(tf.mul(wrong, differs), tf.mul(generated, tf.sub(1, differs)));
}
