import {
  type LossTerms,
  type NamedVariables,
  namedVariables,
  prefixed,
  type Random,
  randomNormal,
  randomUniform,
  requireInteger,
  stopGradient,
} from '@crossmodal/core';
import {
  type AdversarialKind,
  discriminatorLoss,
  generatorLoss,
  gradientPenalty,
  matchingAwareGradientPenalty,
  squaredGradientPenalty,
} from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ConditioningAugmentation } from '../conditioning-augmentation.js';
import { differentiableAugmentation } from '../differentiable-augmentation.js';
import type { Discriminator } from '../networks/discriminator.js';
import { checkNoise, type NoiseOptions, noiseRows } from './noise.js';
import { relativeDiversity } from './relative-diversity.js';

/**
 * Holds the discriminator's slope: `r1` towards zero at real samples, `matching-aware` (DF-GAN) towards zero at real samples and their
 * conditions, in both, `wasserstein` towards one between real and generated.
 */
export interface GradientPenalty {
  kind: 'r1' | 'matching-aware' | 'wasserstein';
  /**
   * 5 is Mescheder et al.'s for `r1` (their gamma is 10, halved), 2 Tao et al.'s for `matching-aware`, 10 Gulrajani et al.'s for
   * `wasserstein`.
   */
  weight?: number;
}

export interface AdversarialNetworksOptions {
  /** (Noise, or the picture of the first stage, and the condition) -> samples. */
  generator: LayersModel;
  /** Noise and condition -> pictures; is used, not trained. */
  firstStage?: LayersModel | undefined;
  discriminator: Discriminator;
  latentDimension: number;
  loss: AdversarialKind;
  augmentation?: { network: ConditioningAugmentation; weight: number } | undefined;
  differentiableAugmentation?: { translation?: number; colour?: number } | undefined;
  gradientPenalty?: GradientPenalty | undefined;
  range?: readonly [low: number, high: number] | undefined;
  random: Random;
}

/** How samples are drawn for use. */
export interface DrawOptions extends NoiseOptions {
  batchSize: number;
}

/** Conditions of a batch whose samples are compared, two of each. */
const conditionsLookedAt = 8;

/** The two networks and their losses, with or without a condition; what `gan` and `conditionalGan` share. */
export class AdversarialNetworks {
  readonly options: AdversarialNetworksOptions;
  /** Draws what is only looked at, so that looking changes nothing. */
  readonly #looking: Random;

  constructor(options: AdversarialNetworksOptions) {
    this.options = options;
    this.#looking = options.random.fork('diversity');
  }

  /** `mismatched` undefined: not matching-aware; `regularisation`: what the penalty is multiplied by. */
  discriminatorLoss(
    real: Tensor,
    {
      condition,
      mismatched,
      training,
      regularisation,
    }: { condition?: Tensor2D; mismatched?: Tensor2D | undefined; training: boolean; regularisation: number },
  ): LossTerms {
    return tf.tidy((): LossTerms => {
      const { loss: kind, discriminator } = this.options;
      const fake = this.#draw(real.shape[0] as number, condition && stopGradient(condition), training).samples;
      const shownReal = this.#seen(this.scaled(real));
      const shownFake = this.#seen(stopGradient(fake));
      const features = discriminator.body.apply(tf.concat([shownReal, shownFake], 0), { training }) as Tensor;
      const [ofReal, ofFake] = tf.split(features, 2, 0) as [Tensor, Tensor];
      // One pass of the head over all pairs: (real, right), (generated, right), and (real, wrong) when matching-aware.
      const judged = mismatched ? tf.concat([features, ofReal], 0) : tf.concat([ofReal, ofFake], 0);
      const conditions = condition && tf.concat([condition, condition, ...(mismatched ? [mismatched] : [])], 0);
      const scores = tf.split(this.#head(judged, conditions, training), mismatched ? 3 : 2, 0);
      const [right, generated, apart] = scores as [Tensor, Tensor, Tensor | undefined];
      const wrong = apart && condition && mismatched && unlessEqual(condition, mismatched, apart, generated);
      const adversarial = discriminatorLoss(right, generated, { kind });
      // Both losses share the term of the real pairs, so that their mean has it once and the two kinds of fakes halved.
      const judgement = wrong
        ? tf.mul(0.5, tf.add(adversarial, discriminatorLoss(right, wrong, { kind })))
        : adversarial;
      const penalty = regularisation > 0 ? this.#penalty(shownReal, shownFake, condition, training) : undefined;
      return {
        loss: (penalty ? tf.add(judgement, tf.mul(penalty, regularisation)) : judgement) as Scalar,
        real: tf.mean(right) as Scalar,
        generated: tf.mean(generated) as Scalar,
        ...(wrong ? { mismatched: tf.mean(wrong) as Scalar } : {}),
        ...(penalty ? { penalty } : {}),
      };
    });
  }

  /** `interpolated`: further conditions [rows, ...] whose samples are judged under them, and the weight of that term. */
  generatorLoss(
    real: Tensor,
    {
      condition,
      interpolated,
      training,
    }: { condition?: Tensor2D; interpolated?: { condition: Tensor2D; weight: number }; training: boolean },
  ): LossTerms {
    return tf.tidy((): LossTerms => {
      const { loss: kind, augmentation, discriminator } = this.options;
      const asked = condition && interpolated ? tf.concat([condition, interpolated.condition], 0) : condition;
      const rows = real.shape[0] as number;
      const { samples, divergence } = this.#draw(interpolated ? 2 * rows : rows, asked, training);
      const features = discriminator.body.apply(this.#seen(samples), { training }) as Tensor;
      const scores = this.#head(features, asked, training);
      const [own, between] = (interpolated ? tf.split(scores, 2, 0) : [scores]) as [Tensor, Tensor?];
      const adversarial = generatorLoss(own, { kind });
      const terms: Record<string, Scalar> = {};
      const parts = [adversarial];
      if (between && interpolated) {
        terms['interpolated'] = generatorLoss(between, { kind });
        parts.push(tf.mul(interpolated.weight, terms['interpolated']));
      }
      if (divergence && augmentation) {
        terms['divergence'] = divergence;
        parts.push(tf.mul(augmentation.weight, divergence));
      }
      if (training) terms['diversity'] = this.#diversity(real, samples, condition);
      return parts.length === 1
        ? { loss: adversarial, ...terms }
        : { loss: tf.addN(parts) as Scalar, adversarial, ...terms };
    });
  }

  /** Samples for `condition`, or `count` without one; `caller` is for messages. */
  generate(
    condition: Tensor2D | undefined,
    count: number,
    { batchSize, ...options }: DrawOptions,
    caller = 'generate',
  ): Tensor {
    checkCounts(caller, count, batchSize);
    const { latentDimension, random } = this.options;
    return tf.tidy(() => {
      const noise = noiseRows(caller, count, latentDimension, options);
      const parts: Tensor[] = [];
      for (let start = 0; start < count; start += batchSize) {
        const rows = Math.min(batchSize, count - start);
        const part = condition && tf.slice(condition, start, rows);
        const drawn = { random: options.random ?? random, noise: tf.slice(noise, start, rows) };
        parts.push(this.#draw(rows, part, false, drawn).samples);
      }
      return this.#unscaled(parts.length === 1 ? (parts[0] as Tensor) : tf.concat(parts, 0));
    });
  }

  /** As `generate` for `batchSize` conditions after the other, each when it is asked for. */
  async *generateInBatches(
    condition: Tensor2D | undefined,
    count: number,
    options: DrawOptions,
  ): AsyncGenerator<Tensor, void, void> {
    const { batchSize, noise } = options;
    const caller = 'generateInBatches';
    try {
      checkCounts(caller, count, batchSize);
      checkNoise(caller, count, this.options.latentDimension, options);
      for (let start = 0; start < count; start += batchSize) {
        const rows = Math.min(batchSize, count - start);
        const part = tf.tidy(() => {
          const own = noise && noise.shape[0] > 1 ? tf.slice(noise, start, rows) : noise;
          return this.generate(condition && tf.slice(condition, start, rows), rows, { ...options, noise: own }, caller);
        });
        await part.data(); // one batch is computed before the next is begun
        yield part;
      }
    } finally {
      condition?.dispose();
    }
  }

  score(samples: Tensor, condition?: Tensor2D): tf.Tensor1D {
    return tf.tidy(() => {
      const features = this.options.discriminator.body.apply(this.scaled(samples)) as Tensor;
      const inputs = condition ? [features, condition] : features;
      return tf.reshape(this.options.discriminator.head.apply(inputs) as Tensor, [-1]) as tf.Tensor1D;
    });
  }

  /** The generator's, and those of the augmentation of its condition. */
  generatorVariables(): NamedVariables {
    const { generator, augmentation } = this.options;
    return {
      ...prefixed('generator', namedVariables(generator)),
      ...prefixed('augmentation', augmentation?.network.namedVariables() ?? {}),
    };
  }

  firstStageVariables(): NamedVariables {
    const { firstStage } = this.options;
    return firstStage ? prefixed('first', namedVariables(firstStage)) : {};
  }

  discriminatorVariables(): NamedVariables {
    const { body, head } = this.options.discriminator;
    return {
      ...prefixed('discriminator/body', namedVariables(body)),
      ...prefixed('discriminator/head', namedVariables(head)),
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
    const { generator, firstStage, latentDimension, augmentation } = this.options;
    const z = noise ?? randomNormal<Tensor2D>([rows, latentDimension], { random });
    if (!condition) return { samples: generator.apply(z, { training }) as Tensor };
    const begun = firstStage ? stopGradient(firstStage.apply([z, condition], { training: false }) as Tensor) : z;
    if (!augmentation) return { samples: generator.apply([begun, condition], { training }) as Tensor };
    const { condition: augmented, divergence } = augmentation.network.apply(condition, { random });
    return { samples: generator.apply([begun, augmented], { training }) as Tensor, divergence };
  }

  #penalty(real: Tensor, fake: Tensor, condition: Tensor2D | undefined, training: boolean): Scalar | undefined {
    const { gradientPenalty: options, discriminator, random } = this.options;
    if (!options) return undefined;
    const judge = (x: Tensor, under: Tensor2D | undefined) =>
      this.#head(discriminator.body.apply(x, { training }) as Tensor, under, training);
    if (options.kind === 'matching-aware') {
      const critic = (x: Tensor, under: Tensor) => judge(x, under as Tensor2D);
      const asked = stopGradient(condition as Tensor2D);
      return tf.mul(options.weight ?? 2, matchingAwareGradientPenalty(critic, stopGradient(real), asked)) as Scalar;
    }
    const critic = (x: Tensor) => judge(x, condition);
    if (options.kind === 'r1')
      return tf.mul(options.weight ?? 5, squaredGradientPenalty(critic, stopGradient(real))) as Scalar;
    const epsilon = randomUniform([real.shape[0] as number], { random });
    return tf.mul(options.weight ?? 10, gradientPenalty(critic, stopGradient(real), fake, { epsilon })) as Scalar;
  }

  #head(features: Tensor, condition: Tensor2D | undefined, training: boolean): Tensor {
    const inputs = condition ? [features, condition] : features;
    return this.options.discriminator.head.apply(inputs, { training }) as Tensor;
  }

  /** How far samples (of one condition, where there are conditions) differ, by the measure of the real ones. */
  #diversity(real: Tensor, samples: Tensor, condition: Tensor2D | undefined): Scalar {
    const shown = this.scaled(real);
    if (!condition) return relativeDiversity(samples, shown);
    const some = Math.min(conditionsLookedAt, condition.shape[0]);
    const asked = tf.slice(condition, 0, some);
    const twice = tf.reshape(tf.tile(tf.expandDims(asked, 1), [1, 2, 1]), [2 * some, -1]) as Tensor2D;
    return relativeDiversity(this.#draw(2 * some, twice, false, { random: this.#looking }).samples, shown, {
      pairs: true,
    });
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

function checkCounts(caller: string, count: number, batchSize: number): void {
  requireInteger(`${caller}: the count of samples`, count);
  requireInteger(`${caller}: batchSize`, batchSize);
}
