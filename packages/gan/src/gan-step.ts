import { type AlternatingStep, adam, alternatingStep, type NamedVariables, type Schedule } from '@crossmodal/core';
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LossTerms } from './internal/game.js';

export interface GanStepOptions {
  /** Learning rates of the two players: two time scales. */
  generatorRate?: number | Schedule;
  discriminatorRate?: number | Schedule;
  /** Adam's decay of the first moment. */
  beta1?: number;
  beta2?: number;
  /** Updates of the discriminator for each of the generator, on the same samples with fresh noise. */
  discriminatorSteps?: number;
  /** Decay of the generator's averaged weights; 0 keeps none. */
  averageDecay?: number;
  /** Instead of Adam. */
  generatorOptimizer?: Optimizer;
  discriminatorOptimizer?: Optimizer;
  compile?: boolean;
}

/** What the step needs of a GAN. */
export interface GanPlayers<Batch> {
  discriminatorLoss(batch: Batch): LossTerms;
  generatorLoss(batch: Batch): LossTerms;
  discriminatorVariables(): NamedVariables;
  generatorVariables(): NamedVariables;
  namedVariables(): NamedVariables;
}

/** One round of the game: `discriminatorSteps` updates of the discriminator, one of the generator, one of the averages. */
export function ganStep<Batch>(
  players: GanPlayers<Batch>,
  {
    generatorRate = 1e-3,
    discriminatorRate = 1e-3,
    beta1 = 0.5, // DCGAN
    beta2 = 0.999, // Adam
    discriminatorSteps = 1, // Goodfellow et al., algorithm 1: k
    averageDecay = 0.999,
    generatorOptimizer = adam({ learningRate: generatorRate, beta1, beta2 }),
    discriminatorOptimizer = adam({ learningRate: discriminatorRate, beta1, beta2 }),
    compile = true,
  }: GanStepOptions,
): AlternatingStep<Batch> {
  return alternatingStep<Batch>(
    [
      {
        name: 'discriminator',
        loss: (batch) => players.discriminatorLoss(batch),
        variables: () => players.discriminatorVariables(),
        optimizer: discriminatorOptimizer,
        repeat: discriminatorSteps,
      },
      {
        name: 'generator',
        loss: (batch) => players.generatorLoss(batch),
        variables: () => players.generatorVariables(),
        optimizer: generatorOptimizer,
        // With the warm-up the average follows closely at first, so that short runs have a useful one too.
        ema: averageDecay > 0 ? { decay: averageDecay, warmup: true } : undefined,
      },
    ],
    { state: () => players.namedVariables(), compile },
  );
}
