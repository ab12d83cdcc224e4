import type { ConditionalGanOptions } from '@crossmodal/gan';
import type { Settings } from '../../presets.js';
import type { ClipArtSettings } from './clip-art-source.js';

/** Size of a drawing GAN and length of its training. */
export interface DrawingRecipe {
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
  /** DF-GAN's generator instead of that which has the text at its bottom alone. */
  deepFusion?: boolean;
  /** StackGAN: a smaller one that is trained before, whose pictures this one refines. */
  firstStage?: DrawingRecipe;
  /** What differs from the defaults of `conditionalGan`. */
  gan: Partial<ConditionalGanOptions>;
}

/** What is drawn and how it is judged. */
export interface DrawingSettings {
  /** Of the pictures, in pixels. */
  size: number;
  /** Ways in which each name is written for training: the whole caption, and so many less one with only some of its tags. */
  captions: number;
  /** Texts that the generated picture must be told from, its own included. */
  candidates: number;
  /** Pixels a side and words of the retrieval model that judges. */
  retrieval: { side: number; words: number };
  /** By name. */
  recipes: Record<string, DrawingRecipe>;
}

// Many small batches: RESULTS.md of packages/gan has what else was tried, on a validation split of the training emojis.
const quick: DrawingRecipe = {
  ...{ size: 32, width: 16, latentDimension: 32, steps: 2400, batchSize: 16 },
  ...{ generatorRate: 4e-4, discriminatorRate: 8e-4, averageDecay: 0.995, penaltyEvery: 1 }, // two time scales
  gan: { differentiableAugmentation: { translation: 0.125, colour: 0.3 } },
};

const smoke: DrawingRecipe = { ...quick, size: 16, width: 4, latentDimension: 4, steps: 2, batchSize: 8 };

export const drawingSettings: Settings<DrawingSettings> = {
  quick: { size: 32, captions: 1, candidates: 10, retrieval: { side: 10, words: 400 }, recipes: { '': quick } },
  smoke: { size: 16, captions: 1, candidates: 3, retrieval: { side: 4, words: 40 }, recipes: { '': smoke } },
};

export const clipArtSettings: Settings<DrawingSettings & ClipArtSettings> = {
  quick: {
    ...{ size: 64, captions: 1, candidates: 10, limit: Number.POSITIVE_INFINITY, retrieval: { side: 10, words: 400 } },
    texts: { size: 24, channels: [24, 48, 96], dimension: 64, epochs: 15, batchSize: 128 },
    judge: { size: 32, channels: [16, 32, 64], steps: 600, batchSize: 64 },
    recipes: {
      'one stage': { ...quick, size: 64, steps: 1600, penaltyEvery: 2 },
      'deep fusion': {
        ...{ ...quick, size: 64, width: 8, steps: 1600, penaltyEvery: 2, deepFusion: true },
        // The rates and the penalty of Tao et al., DF-GAN (2022), section 4; non-saturating as the others.
        ...{ generatorRate: 1e-4, discriminatorRate: 4e-4 },
        gan: { ...quick.gan, gradientPenalty: { kind: 'matching-aware' } },
      },
      'two stages': {
        ...{ ...quick, size: 64, steps: 1000, penaltyEvery: 2, firstStage: { ...quick, steps: 2400, penaltyEvery: 2 } },
      },
    },
  },
  smoke: {
    ...{ size: 32, captions: 1, candidates: 3, limit: 48, retrieval: { side: 4, words: 40 } },
    texts: { size: 16, channels: [4], dimension: 8, epochs: 1, batchSize: 16 },
    judge: { size: 16, channels: [4], steps: 2, batchSize: 8 },
    recipes: {
      'one stage': { ...smoke, size: 32 },
      'two stages': { ...smoke, size: 32, firstStage: smoke },
    },
  },
};
