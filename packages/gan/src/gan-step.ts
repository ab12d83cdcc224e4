import { type AlternatingStep, adam, alternatingStep, type NamedVariables, type Schedule } from '@crossmodal/core';
import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LossTerms } from './internal/loss-terms.js';

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

/** A step, and the averaged weights of the generator, which outlive it. */
export interface AveragedStep<Batch> {
  step: AlternatingStep<Batch>;
  averages(): Record<string, Tensor>;
  dispose(): void;
}

/** One round of the game: `discriminatorSteps` updates of the discriminator, one of the generator, one of the averages. */
export function ganStep<Batch>(
  players: GanPlayers<Batch>,
  {
    generatorRate = 1e-3, // DCGAN has 2e-4, for runs that are 50 times as long
    discriminatorRate = 1e-3,
    beta1 = 0.5, // DCGAN
    beta2 = 0.999, // Adam
    discriminatorSteps = 1, // Goodfellow et al., algorithm 1: k
    averageDecay = 0.999, // Yazici et al., The unusual effectiveness of averaging in GAN training (2019)
    generatorOptimizer,
    discriminatorOptimizer,
    compile = true,
  }: GanStepOptions,
): AveragedStep<Batch> {
  const own: Optimizer[] = [];
  const optimizer = (given: Optimizer | undefined, learningRate: number | Schedule): Optimizer => {
    if (given) return given;
    const made = adam({ learningRate, beta1, beta2 });
    own.push(made);
    return made;
  };
  const inner = alternatingStep<Batch>(
    [
      {
        name: 'discriminator',
        loss: (batch) => players.discriminatorLoss(batch),
        variables: () => players.discriminatorVariables(),
        optimizer: optimizer(discriminatorOptimizer, discriminatorRate),
        repeat: discriminatorSteps,
      },
      {
        name: 'generator',
        loss: (batch) => players.generatorLoss(batch),
        variables: () => players.generatorVariables(),
        optimizer: optimizer(generatorOptimizer, generatorRate),
        // With the warm-up the average follows closely at first, so that short runs have a useful one too.
        ema: averageDecay > 0 ? { decay: averageDecay, warmup: true } : undefined,
      },
    ],
    { state: () => players.namedVariables(), compile },
  );
  let kept: Record<string, Tensor> | undefined;
  const step: AlternatingStep<Batch> = {
    ...inner,
    dispose() {
      if (kept) return;
      kept = Object.fromEntries(
        Object.entries(inner.averages('generator')).map(([name, average]) => [name, tf.keep(tf.clone(average))]),
      );
      inner.dispose();
      for (const made of own) made.dispose();
    },
  };
  return {
    step,
    averages: () => kept ?? inner.averages('generator'),
    dispose() {
      step.dispose();
      tf.dispose(kept);
    },
  };
}
