import {
  type Alternating,
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  isTraining,
  prefixed,
  Random,
  requireInteger,
  requireOneOf,
  type Savable,
  savedModelFiles,
  stopGradient,
} from '@crossmodal/core';
import type { AdversarialKind } from '@crossmodal/losses';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { conditioningAugmentation } from './conditioning-augmentation.js';
import { AdversarialNetworks, type GradientPenalty } from './internal/adversarial-networks.js';
import { type Condition, type ConditionOptions, conditionVectors, rolled, scaled } from './internal/conditions.js';
import { type DiscriminatorLossOptions, discriminatorOptions } from './internal/discriminator-options.js';
import { drawOptionNames } from './internal/noise.js';
import type { Discriminator } from './networks/discriminator.js';
import { imageDiscriminator } from './networks/image-discriminator.js';
import { imageGenerator } from './networks/image-generator.js';
import { refiningGenerator } from './networks/refining-generator.js';

/** One batch of training: samples and what each was asked to be. */
export interface ConditionalGanBatch {
  /** [batch, ...sample shape], such as images [batch, height, width, channels], with values in the gan's `range`. */
  real: Tensor;
  /** Condition vectors [batch, conditionDimension], or the inputs of the encoder that is trained along. */
  condition: Condition;
  /**
   * Conditions that do not fit the samples, row by row; by default each row gets its neighbour's. A row whose mismatched
   * condition equals its own is left out.
   */
  mismatched?: Condition;
}

export interface ConditionalGanOptions {
  conditionDimension: number;
  /** @default 100 */
  latentDimension?: number;
  /**
   * Height and width of the images: 8, 16, 32, 64, ...
   * @default 32
   */
  size?: number;
  /** @default 3 */
  channels?: number;
  /**
   * Channels of the convolutional maps at half the image's size; doubled at each halving.
   * @default 32
   */
  width?: number;
  /**
   * How the condition enters the discriminator.
   * @default 'projection'
   */
  conditioning?: 'concatenation' | 'projection';
  /**
   * The trained generator of a first, smaller stage, noise and condition -> pictures in [-1, 1]. It stays as it is, and its owner's; the
   * generator takes its pictures in place of the noise.
   */
  firstStage?: LayersModel | undefined;
  /**
   * Networks of your own instead of the convolutional ones; the generator's condition is the augmented one, if any.
   */
  generator?: LayersModel;
  discriminator?: Discriminator;
  /** @default 'non-saturating' */
  loss?: AdversarialKind;
  /**
   * Also shows the discriminator real samples with conditions that do not fit.
   * @default true
   */
  matchingAware?: boolean;
  /** Conditioning augmentation, off by default: its dimension, and the weight of its divergence. */
  augmentation?: { dimension?: number; weight?: number } | undefined;
  /** Shifts and recolours the images that the discriminator sees; off by default. */
  differentiableAugmentation?: { translation?: number; colour?: number } | undefined;
  /**
   * Holds the discriminator's slope. Without it the convolutional networks soon draw one and the same picture for each
   * condition (RESULTS.md); with it the discriminator has no spectral normalisation.
   * @default discriminator ? 'none' : { kind: 'r1', weight: 5 }
   */
  gradientPenalty?: GradientPenalty | 'none';
  /**
   * Weight of a generator's term for conditions halfway between two of the batch (GAN-INT); 0 for none.
   * @default 0
   */
  interpolation?: number;
  /**
   * Scales each condition to length sqrt(conditionDimension), so that its components are of order one.
   * @default true
   */
  normalizeCondition?: boolean;
  /** An encoder that is trained along with the discriminator; conditions are then its inputs. */
  encoder?: Encoder | undefined;
  /**
   * Values of the real samples, which are mapped to the generator's [-1, 1] and back; undefined: taken as they are.
   * @default generator ? undefined : [0, 1]
   */
  range?: readonly [low: number, high: number] | undefined;
  /** @default 0 */
  seed?: number | string;
}

export interface GenerateOptions {
  /** Draws the noise, and the augmentation of the condition. */
  random?: Random;
  /** [batch, latentDimension] instead of drawn noise; a single row serves all. */
  noise?: Tensor2D;
  /**
   * Draws no noise beyond this many standard deviations: the smaller, the more usual and the more alike the samples.
   * @default Infinity
   */
  truncation?: number;
  /**
   * Samples made at a time.
   * @default 128
   */
  batchSize?: number;
}

/**
 * A generator and a discriminator that share a condition; see `conditionalGan`. A model for `ganStep` and `alternatingStep`.
 * With scores s_r of real samples under their conditions, s_w under others', s_f of generated ones, and D the loss of the chosen
 * kind on (real, fake) scores, its objectives are:
 *
 * - `discriminator`: matching-aware (D(s_r, s_f) + D(s_r, s_w)) / 2, else D(s_r, s_f). Terms: the mean scores `real`,
 *   `generated`, `mismatched`. Also trains the encoder that is trained along.
 * - `generator`: the adversarial term for the conditions of the batch, plus the weighted divergence of the augmentation. In
 *   training it reports `diversity`: how far two samples of one condition differ, by the measure of the real samples of a batch.
 */
export interface ConditionalGan extends Alternating<ConditionalGanBatch, 'discriminator' | 'generator'>, Savable {
  readonly generator: LayersModel;
  readonly discriminator: Discriminator;
  /**
   * Samples for conditions: [batch, ...sample shape], in `range`.
   *
   * @throws CrossmodalError for a condition or noise of the wrong shape, or neither `random` nor `noise`
   */
  generate(condition: Condition, options: GenerateOptions): Tensor;
  /**
   * Samples for conditions, one batch after the other, each made when it is asked for: what `generate` gives for the conditions
   * of each batch in turn. For more samples than fit into memory; dispose each batch after use.
   */
  generateInBatches(condition: Condition, options: GenerateOptions): AsyncGenerator<Tensor, void, void>;
  /** Higher for what the discriminator takes for real and matching: [batch]. */
  score(samples: Tensor, condition: Condition): Tensor1D;
  /** Frees the networks; the encoder stays its owner's. */
  dispose(): void;
}

const optionNames: Record<keyof ConditionalGanOptions, true> = {
  conditionDimension: true,
  latentDimension: true,
  size: true,
  channels: true,
  width: true,
  conditioning: true,
  augmentation: true,
  seed: true,
  firstStage: true,
  generator: true,
  discriminator: true,
  loss: true,
  matchingAware: true,
  normalizeCondition: true,
  encoder: true,
  range: true,
  differentiableAugmentation: true,
  gradientPenalty: true,
  interpolation: true,
};

/**
 * A conditional GAN, text to image by default: G(noise, condition) makes a sample, D(sample, condition) tells real and
 * matching ones from generated and mismatched ones; min_G max_D of the chosen adversarial loss.
 *
 * With `firstStage` it is the second stage of StackGAN (`refiningGenerator`): G(G1(noise, condition), condition).
 *
 * @throws CrossmodalError for an image size that is not 4 times a power of two, a range that is empty, a first stage that takes other noise or
 *   conditions
 * @see Mirza and Osindero, Conditional generative adversarial nets (2014), eq. 2; Reed et al., Generative adversarial text
 *   to image synthesis (2016), algorithm 1; Miyato and Koyama, cGANs with projection discriminator (2018); Mescheder et al.,
 *   Which training methods for GANs do actually converge? (2018), eq. 9; Zhang et al., StackGAN (2017), eq. 5-6, for `firstStage`
 * @example
 * const gan = conditionalGan({ size: 32, conditionDimension: 64, seed: 1 });
 * const step = ganStep(gan);
 * await fit(step, tensorDataset({ real: images, condition: embeddings }, { batchSize: 32 }), { epochs: 20 });
 * const drawn = await step.withAverages(() => gan.generate(embeddings, { random: new Random(1) }));
 */
export function conditionalGan(options: ConditionalGanOptions): ConditionalGan {
  assertKnownOptions('conditionalGan', options, optionNames);
  const {
    conditionDimension,
    latentDimension = 100, // DCGAN
    size = 32,
    channels = 3,
    width = 32,
    conditioning = 'projection', // Miyato and Koyama; on OpenMoji it follows the text far earlier than concatenation
    augmentation,
    seed = 0,
    firstStage,
    generator,
    discriminator,
    loss = 'non-saturating', // Reed et al.; learned a little faster than hinge on OpenMoji
    matchingAware = true, // Reed et al.
    normalizeCondition = true,
    encoder,
    range = generator ? undefined : [0, 1],
    differentiableAugmentation,
    gradientPenalty = discriminator ? 'none' : { kind: 'r1', weight: 5 }, // Mescheder et al., section 4.1 and table 5
    interpolation = 0,
  } = options;
  requireOneOf('conditionalGan: loss', loss, ['minimax', 'non-saturating', 'least-squares', 'hinge', 'wasserstein']);
  requireOneOf('conditionalGan: conditioning', conditioning, ['concatenation', 'projection']);
  requireInteger('conditionalGan: conditionDimension', conditionDimension);
  if (range && !(range[0] < range[1])) {
    throw new CrossmodalError(`conditionalGan: range must be [low, high] with low < high, got [${range}]`);
  }
  const { dimension = 128, weight = 1 } = augmentation ?? {}; // StackGAN, section 4.3 and eq. 4
  const network = augmentation && conditioningAugmentation({ conditionDimension, dimension, seed });
  const random = new Random(seed).fork('gan');
  const drawing = { size, channels, width, conditionDimension: augmentation ? dimension : conditionDimension, seed };
  const firstSize = firstStage && sizeOfFirstStage(firstStage, { latentDimension, conditionDimension, channels });
  const networks = new AdversarialNetworks({
    generator:
      generator ??
      (firstSize === undefined
        ? imageGenerator({ ...drawing, latentDimension })
        : refiningGenerator({ ...drawing, firstSize })),
    firstStage,
    discriminator:
      discriminator ??
      imageDiscriminator({
        ...{ size, channels, width, conditionDimension, conditioning, seed },
        spectral: gradientPenalty === 'none',
      }),
    latentDimension,
    loss,
    augmentation: network && { network, weight },
    differentiableAugmentation,
    gradientPenalty: gradientPenalty === 'none' ? undefined : gradientPenalty,
    range,
    random,
  });
  const settings: ConditionOptions = { dimension: conditionDimension, normalize: normalizeCondition, encoder };
  const vectors = (caller: string, condition: Condition, rows: number | undefined, training: boolean): Tensor2D => {
    const result = conditionVectors(caller, condition, settings, training);
    if (rows === undefined || result.shape[0] === rows) return result;
    throw new CrossmodalError(
      `${caller}: each sample needs a condition, got ${rows} samples and ${result.shape[0]} conditions`,
    );
  };
  // Networks of our own are made again by the options, others by their layers.
  const saved = {
    ...{ conditionDimension, latentDimension, size, channels, width, conditioning, augmentation, seed, loss },
    ...{ firstStage, generator, discriminator, matchingAware, normalizeCondition, encoder, range },
    ...{ differentiableAugmentation, gradientPenalty, interpolation },
  };
  const ofEncoder = () => prefixed('encoder', encoder?.namedVariables() ?? {});
  const model: ConditionalGan = {
    generator: networks.options.generator,
    discriminator: networks.options.discriminator,
    objectives: {
      discriminator: {
        loss: ({ real, condition, mismatched }, options?: DiscriminatorLossOptions) => {
          const settled = discriminatorOptions('conditionalGan.discriminator.loss', options);
          const { training } = settled;
          return tf.tidy(() => {
            const right = vectors('discriminator.loss', condition, real.shape[0], training);
            const others = mismatched && vectors('discriminator.loss', mismatched, real.shape[0], training);
            const wrong = matchingAware ? (others ?? rolled(right)) : undefined;
            return networks.discriminatorLoss(real, { condition: right, mismatched: wrong, ...settled });
          });
        },
        namedVariables: () => ({ ...networks.discriminatorVariables(), ...ofEncoder() }),
      },
      generator: {
        loss: ({ real, condition }, options) => {
          const training = isTraining('conditionalGan.generator.loss', options);
          return tf.tidy(() => {
            const asked = stopGradient(vectors('generator.loss', condition, real.shape[0], false));
            if (interpolation === 0) return networks.generatorLoss(real, { condition: asked, training });
            // Reed et al., section 4.3: weights of one half worked well.
            const between = scaled(tf.mul(0.5, tf.add(asked, rolled(asked))) as Tensor2D, settings);
            const interpolated = { condition: between, weight: interpolation };
            return networks.generatorLoss(real, { condition: asked, interpolated, training });
          });
        },
        namedVariables: () => networks.generatorVariables(),
      },
    },
    generate: (condition, { batchSize = 128, ...options }) =>
      tf.tidy(() => {
        assertKnownOptions('conditionalGan.generate', options, drawOptionNames);
        const asked = vectors('generate', condition, undefined, false);
        return networks.generate(asked, asked.shape[0], { ...options, batchSize });
      }),
    async *generateInBatches(condition, { batchSize = 128, ...options }) {
      assertKnownOptions('conditionalGan.generateInBatches', options, drawOptionNames);
      const asked = vectors('generateInBatches', condition, undefined, false);
      yield* networks.generateInBatches(asked, asked.shape[0], { ...options, batchSize });
    },
    score: (samples, condition) =>
      tf.tidy(() => networks.score(samples, vectors('score', condition, samples.shape[0], false))),
    namedVariables: () => ({
      ...networks.firstStageVariables(),
      ...networks.generatorVariables(),
      ...networks.discriminatorVariables(),
      ...ofEncoder(),
    }),
    files: (settings) => savedModelFiles({ type: 'conditionalGan', options: saved }, model.namedVariables(), settings),
    dispose: () => networks.dispose(),
  };
  return model;
}

/** Height of a first stage's pictures, once it is known to take the noise and the conditions of the second. */
function sizeOfFirstStage(
  { inputs, outputs }: LayersModel,
  wanted: { latentDimension: number; conditionDimension: number; channels: number },
): number {
  const [noise, condition] = inputs.map(({ shape }) => shape[1]);
  const [, height, width, channels] = outputs[0]!.shape;
  const fits =
    inputs.length === 2 &&
    noise === wanted.latentDimension &&
    condition === wanted.conditionDimension &&
    typeof height === 'number' &&
    height === width &&
    channels === wanted.channels;
  if (fits) return height;
  throw new CrossmodalError(
    `conditionalGan: firstStage must take noise [batch, ${wanted.latentDimension}] and conditions [batch, ${wanted.conditionDimension}] and give square pictures of ${wanted.channels} channels, got inputs ${inputs.map(({ shape }) => `[${shape}]`).join(', ')} and pictures [${outputs[0]!.shape}]`,
    { remedy: 'train it with the same conditionDimension, latentDimension and channels, without augmentation' },
  );
}
