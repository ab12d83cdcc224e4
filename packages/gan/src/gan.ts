import { CrossmodalError, type NamedVariables, Random } from '@crossmodal/core';
import type { AlternatingStep } from '@crossmodal/core/step';
import type { AdversarialKind } from '@crossmodal/losses';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { GenerateOptions } from './conditional-gan.js';
import type { GanStepOptions } from './gan-step.js';
import { Game, type GradientPenalty, type LossTerms } from './internal/game.js';
import { noiseRows } from './internal/noise.js';
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
  loss?: AdversarialKind;
  /** Shifts and recolours the images that the discriminator sees; off by default. */
  differentiableAugmentation?: { translation?: number; colour?: number } | undefined;
  /** Also holds the discriminator's slope; off by default, where spectral normalisation does. */
  gradientPenalty?: GradientPenalty | undefined;
  /** Values of the real samples, mapped to the generator's [-1, 1] and back; without it they are taken as they are. */
  range?: readonly [low: number, high: number] | undefined;
  seed?: number | string;
}

/** A generator and a discriminator; see `gan`. */
export interface Gan {
  readonly generator: LayersModel;
  readonly discriminator: Discriminator;
  /** Terms: the mean scores `real` and `generated`. */
  discriminatorLoss(batch: GanBatch): LossTerms;
  generatorLoss(batch: GanBatch): LossTerms;
  /** The training step. `generate` then uses the averaged weights, also after the step was disposed of. */
  step(options?: GanStepOptions): AlternatingStep<GanBatch>;
  /** [count, ...sample shape], in `range`. */
  generate(count: number, options: GenerateOptions): Tensor;
  /** Higher for what the discriminator takes for real: [batch]. */
  score(samples: Tensor): Tensor1D;
  generatorVariables(): NamedVariables;
  discriminatorVariables(): NamedVariables;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/**
 * A generative adversarial network without a condition: min_G max_D E log D(x) + E log(1 - D(G(z))), or another
 * adversarial loss, for images (`imageGenerator`, `imageDiscriminator`) or vectors (`denseGenerator`, `denseDiscriminator`).
 *
 * @throws CrossmodalError when the generator takes anything but noise
 * @see Goodfellow et al., Generative adversarial nets (2014), eq. 1 and algorithm 1
 * @example
 * const model = gan({ generator: denseGenerator({ outputDimension: 2, activation: 'linear' }),
 *   discriminator: denseDiscriminator({ inputDimension: 2 }) });
 * await fit(model.step(), tensorDataset({ real: points }, { batchSize: 64 }), { steps: 500 });
 */
export function gan({
  generator,
  discriminator,
  loss = 'non-saturating', // Goodfellow et al., section 3
  differentiableAugmentation,
  gradientPenalty,
  range,
  seed = 0,
}: GanOptions): Gan {
  const latentDimension = generator.inputs[0]?.shape[1];
  if (generator.inputs.length !== 1 || typeof latentDimension !== 'number') {
    throw new CrossmodalError(
      `gan: the generator must take noise [batch, latentDimension] alone, its inputs are ${generator.inputs.map(({ shape }) => `[${shape}]`).join(', ')}`,
      { remedy: 'use conditionalGan for a generator with a condition' },
    );
  }
  const random = new Random(seed).fork('gan');
  const game = new Game({
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
    discriminatorLoss: ({ real }) => game.discriminatorLoss(real),
    generatorLoss: ({ real }) => game.generatorLoss(real.shape[0] as number),
    step: (options = {}) => game.train(model, options),
    generate: (count, { random: source, noise, averaged = true, batchSize = 128 }) =>
      tf.tidy(() => {
        const drawn = noiseRows('generate', count, latentDimension, { random: source, noise });
        return game.generate(count, undefined, { random: source ?? random, noise: drawn, averaged, batchSize });
      }),
    score: (samples) => game.score(samples),
    generatorVariables: () => game.generatorVariables(),
    discriminatorVariables: () => game.discriminatorVariables(),
    namedVariables: () => game.namedVariables(),
    dispose: () => game.dispose(),
  };
  return model;
}
