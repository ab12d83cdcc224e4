import { type Alternating, assertKnownOptions } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import type { Schedule } from '@crossmodal/core/schedules';
import { alternatingStep, average, type TrainStep } from '@crossmodal/core/step';

export interface GanStepOptions {
  /**
   * Learning rates of the two networks: two time scales.
   * @default 1e-3
   */
  generatorRate?: number | Schedule;
  /** @default 1e-3 */
  discriminatorRate?: number | Schedule;
  /**
   * Adam's decay of the first moment.
   * @default 0.5
   */
  beta1?: number;
  /** @default 0.999 */
  beta2?: number;
  /**
   * Updates of the discriminator for each of the generator, on the same samples with fresh noise.
   * @default 1
   */
  discriminatorSteps?: number;
  /**
   * Decay of the generator's averaged weights; 0 keeps none.
   * @default 0.999
   */
  averageDecay?: number;
  /**
   * Steps of which one has the discriminator's gradient penalty, with so many times its weight: the others are spared its second
   * derivatives. Not for `embeddingGan`, which has none.
   * @default 1
   */
  penaltyEvery?: number;
  /** @default true */
  compile?: boolean;
}

const optionNames: Record<keyof GanStepOptions, true> = {
  generatorRate: true,
  discriminatorRate: true,
  beta1: true,
  beta2: true,
  discriminatorSteps: true,
  averageDecay: true,
  penaltyEvery: true,
  compile: true,
};

/**
 * The usual training step of a GAN: core's `alternatingStep` with Adam for both networks, and an average of the generator's
 * weights. With other optimisers or transforms, call `alternatingStep(gan, { objectives: { discriminator, generator } })`.
 *
 * Samples are better with the averaged weights: `step.withAverages(() => gan.generate(...))`, or `step.applyAverages()` at the
 * end of training.
 *
 * @throws CrossmodalError for options that do not exist or are out of range
 * @see Goodfellow et al., Generative adversarial nets (2014), algorithm 1; Heusel et al., two time-scale update rule (2017);
 *   Karras et al., Analyzing and improving the image quality of StyleGAN (2020), section 3.1, for `penaltyEvery`
 * @example
 * const step = ganStep(model, { generatorRate: 2e-4, discriminatorRate: 2e-4 });
 * await fit(step, data, { epochs: 20 });
 * step.applyAverages();
 */
export function ganStep<Batch>(
  gan: Alternating<Batch, 'discriminator' | 'generator'>,
  options: GanStepOptions = {},
): TrainStep<Batch> {
  assertKnownOptions('ganStep', options, optionNames);
  const {
    generatorRate = 1e-3, // DCGAN has 2e-4, for runs that are 50 times as long
    discriminatorRate = 1e-3,
    beta1 = 0.5, // DCGAN
    beta2 = 0.999, // Adam
    discriminatorSteps = 1, // Goodfellow et al., algorithm 1: k
    averageDecay = 0.999, // Yazici et al., The unusual effectiveness of averaging in GAN training (2019)
    penaltyEvery = 1,
    compile = true,
  } = options;
  const ofDiscriminator = adam({ learningRate: discriminatorRate, beta1, beta2 });
  const ofGenerator = adam({ learningRate: generatorRate, beta1, beta2 });
  const step = alternatingStep(gan, {
    objectives: {
      discriminator: {
        optimizer: ofDiscriminator,
        repeat: discriminatorSteps,
        ...(penaltyEvery === 1 ? {} : { regulariseEvery: penaltyEvery }),
      },
      generator: {
        optimizer: ofGenerator,
        // With the warm-up the average follows closely at first, so that short runs have a useful one too.
        transforms: averageDecay > 0 ? [average({ decay: averageDecay, warmup: true })] : [],
      },
    },
    compile,
  });
  return {
    ...step,
    dispose() {
      step.dispose();
      for (const optimizer of [ofDiscriminator, ofGenerator]) optimizer.dispose();
    },
  };
}
