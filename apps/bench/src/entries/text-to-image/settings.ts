import type { ConditionalGanOptions } from '@crossmodal/gan';
import type { Settings } from '../../presets.js';

/** Size of the drawing GAN and length of its training. */
export interface DrawingSettings {
  size: number;
  width: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  generatorRate: number;
  discriminatorRate: number;
  averageDecay: number;
  /** Steps of which one has the gradient penalty. */
  penaltyEvery: number;
  /** Ways in which each name is written for training: the whole caption, and so many less one with only some of its tags. */
  captions: number;
  /** Texts that the generated picture must be told from, its own included. */
  candidates: number;
  /** What differs from the defaults of `conditionalGan`. */
  gan: Partial<ConditionalGanOptions>;
}

export const drawingSettings: Settings<DrawingSettings> = {
  quick: {
    // Many small batches: RESULTS.md of packages/gan has what else was tried, on a validation split of the training emojis.
    ...{ size: 32, width: 16, latentDimension: 32, steps: 2400, batchSize: 16, candidates: 10 },
    ...{ generatorRate: 4e-4, discriminatorRate: 8e-4, averageDecay: 0.995, penaltyEvery: 1, captions: 1 }, // two time scales
    gan: { differentiableAugmentation: { translation: 0.125, colour: 0.3 } },
  },
  smoke: {
    ...{ size: 16, width: 4, latentDimension: 4, steps: 2, batchSize: 8, candidates: 3 },
    ...{ generatorRate: 4e-4, discriminatorRate: 8e-4, averageDecay: 0.995, penaltyEvery: 1, captions: 1 },
    gan: { differentiableAugmentation: { translation: 0.125, colour: 0.3 } },
  },
};
