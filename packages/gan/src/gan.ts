import {
  type Alternating,
  assertKnownOptions,
  CrossmodalError,
  isTraining,
  Random,
  requireOneOf,
  type Savable,
  savedModelFiles,
} from '@crossmodal/core';
import type { AdversarialKind } from '@crossmodal/losses';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GenerateOptions } from './conditional-gan.js';
import { AdversarialNetworks, type GradientPenalty } from './internal/adversarial-networks.js';
import { type DiscriminatorLossOptions, discriminatorOptions } from './internal/discriminator-options.js';
import { drawOptionNames } from './internal/noise.js';
import type { Discriminator } from './networks/discriminator.js';

/** One batch of training. */
export interface GanBatch {
  /** [batch, ...sample shape] */
  real: Tensor;
}

export interface GanOptions {
  /** Noise [batch, latentDimension] -> samples. */
  generator: LayersModel;
  discriminator: Discriminator;
  /** @default 'non-saturating' */
  loss?: AdversarialKind;
  /** Shifts and recolours the images that the discriminator sees; off by default. */
  differentiableAugmentation?: { translation?: number; colour?: number } | undefined;
  /**
   * Also holds the discriminator's slope; off by default, where spectral normalisation does. Of points in a plane that loses most parts;
   * `{ kind: 'r1' }` with a discriminator without spectral normalisation keeps them (RESULTS.md).
   */
  gradientPenalty?: GradientPenalty | undefined;
  /** Values of the real samples, mapped to the generator's [-1, 1] and back; without it they are taken as they are. */
  range?: readonly [low: number, high: number] | undefined;
  /** @default 0 */
  seed?: number | string;
}

/**
 * A generator and a discriminator; see `gan`. A model for `ganStep` and `alternatingStep`, whose objectives report:
 *
 * - `discriminator`: the mean scores `real` and `generated`, and `penalty` where there is one;
 * - `generator`: in training, `diversity`, how far samples differ by the measure of real ones (0 when all are one).
 */
export interface Gan extends Alternating<GanBatch, 'discriminator' | 'generator'>, Savable {
  readonly generator: LayersModel;
  readonly discriminator: Discriminator;
  /** [count, ...sample shape], in `range`. */
  generate(count: number, options: GenerateOptions): Tensor;
  /** The samples of `generate`, one batch after the other, each made when it is asked for; dispose each after use. */
  generateInBatches(count: number, options: GenerateOptions): AsyncGenerator<Tensor, void, void>;
  /** Higher for what the discriminator takes for real: [batch]. */
  score(samples: Tensor): Tensor1D;
  dispose(): void;
}

const optionNames: Record<keyof GanOptions, true> = {
  generator: true,
  discriminator: true,
  loss: true,
  differentiableAugmentation: true,
  gradientPenalty: true,
  range: true,
  seed: true,
};

/**
 * A generative adversarial network without a condition: min_G max_D E log D(x) + E log(1 - D(G(z))), or another
 * adversarial loss, for images (`imageGenerator`, `imageDiscriminator`) or vectors (`denseGenerator`, `denseDiscriminator`).
 *
 * @throws CrossmodalError when the generator takes anything but noise
 * @see Goodfellow et al., Generative adversarial nets (2014), eq. 1 and algorithm 1
 * @example
 * const model = gan({ generator: denseGenerator({ outputDimension: 2, activation: 'linear' }),
 *   discriminator: denseDiscriminator({ inputDimension: 2 }) });
 * await fit(ganStep(model), tensorDataset({ real: points }, { batchSize: 64 }), { steps: 500 });
 */
export function gan(options: GanOptions): Gan {
  assertKnownOptions('gan', options, optionNames);
  const {
    generator,
    discriminator,
    loss = 'non-saturating', // Goodfellow et al., section 3
    differentiableAugmentation,
    gradientPenalty,
    range,
    seed = 0,
  } = options;
  requireOneOf('gan: loss', loss, ['minimax', 'non-saturating', 'least-squares', 'hinge', 'wasserstein']);
  if (gradientPenalty?.kind === 'matching-aware') {
    throw new CrossmodalError("gan: the gradientPenalty 'matching-aware' needs conditions", {
      remedy: "use { kind: 'r1' }, or conditionalGan",
    });
  }
  const latentDimension = generator.inputs[0]?.shape[1];
  if (generator.inputs.length !== 1 || typeof latentDimension !== 'number') {
    throw new CrossmodalError(
      `gan: the generator must take noise [batch, latentDimension] alone, its inputs are ${generator.inputs.map(({ shape }) => `[${shape}]`).join(', ')}`,
      { remedy: 'use conditionalGan for a generator with a condition' },
    );
  }
  const random = new Random(seed).fork('gan');
  const networks = new AdversarialNetworks({
    generator,
    discriminator,
    latentDimension,
    loss,
    differentiableAugmentation,
    gradientPenalty,
    range,
    random,
  });
  const model: Gan = {
    generator,
    discriminator,
    objectives: {
      discriminator: {
        loss: ({ real }, options?: DiscriminatorLossOptions) =>
          networks.discriminatorLoss(real, discriminatorOptions('gan.discriminator.loss', options)),
        namedVariables: () => networks.discriminatorVariables(),
      },
      generator: {
        loss: ({ real }, options) =>
          networks.generatorLoss(real, { training: isTraining('gan.generator.loss', options) }),
        namedVariables: () => networks.generatorVariables(),
      },
    },
    generate: (count, { batchSize = 128, ...settings }) => {
      assertKnownOptions('gan.generate', settings, drawOptionNames);
      return networks.generate(undefined, count, { ...settings, batchSize });
    },
    generateInBatches: (count, { batchSize = 128, ...settings }) => {
      assertKnownOptions('gan.generateInBatches', settings, drawOptionNames);
      return networks.generateInBatches(undefined, count, { ...settings, batchSize });
    },
    score: (samples) => networks.score(samples),
    namedVariables: () => ({ ...networks.generatorVariables(), ...networks.discriminatorVariables() }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'gan',
          options: { generator, discriminator, loss, differentiableAugmentation, gradientPenalty, range, seed },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => networks.dispose(),
  };
  return model;
}
