import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import {
  type FusionClassifier,
  type FusionClassifierOptions,
  fusionClassifier,
} from './classifier/fusion-classifier.js';
import {
  type CoAttentionMatcher,
  type CoAttentionOptions,
  coAttentionMatcher,
} from './co-attention/co-attention-matcher.js';
import { contrastiveObjective, hingeObjective, type ScoreObjective } from './co-attention/score-objective.js';
import { logSumExpScore, meanScore, type ScorePooling } from './co-attention/score-pooling.js';
import { type MatchModel, type MatchModelOptions, matchModel } from './match/match-model.js';
import { hardestNegatives, type NegativeChoice, rolledNegatives } from './match/negatives.js';
import {
  type QuestionAnswering,
  type QuestionAnsweringOptions,
  questionAnswering,
} from './question-answering/question-answering.js';
import { concatenation } from './strategies/concatenation.js';
import { crossAttention } from './strategies/cross-attention.js';
import type { FusionStrategy } from './strategies/fusion-strategy.js';
import { gated } from './strategies/gated.js';
import { lowRankBilinear } from './strategies/low-rank-bilinear.js';

/** What describes itself among the options, by name. */
const values = {
  concatenation,
  contrastiveObjective,
  crossAttention,
  gated,
  hingeObjective,
  lowRankBilinear,
  logSumExpScore,
  meanScore,
  hardestNegatives,
  rolledNegatives,
};

export interface LoadFusionClassifierOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** A way to join modalities of your own, which no file holds. */
  strategy?: FusionStrategy;
}

/**
 * Loads a fusion classifier that was saved with its encoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadFusionClassifier(await openFolder('models/digits'), { encoders: { image: loadImageEncoder, audio: loadAudioEncoder } });
 */
export function loadFusionClassifier<Modality extends string = string>(
  files: ModelFiles,
  options: LoadFusionClassifierOptions,
): Promise<FusionClassifier<Modality>> {
  assertKnownOptions('loadFusionClassifier', options, {
    encoders: true,
    strategy: true,
  } satisfies Record<keyof LoadFusionClassifierOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { fusionClassifier: (saved) => fusionClassifier(saved as unknown as FusionClassifierOptions<Modality>) },
    { where: 'loadFusionClassifier', encoders, values, given },
  );
}

export interface LoadMatchModelOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** A choice of negatives of your own, which no file holds. */
  negatives?: NegativeChoice;
}

/**
 * Loads a match model that was saved with its encoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadMatchModel(await openFolder('models/matches'), { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export function loadMatchModel<Modality extends string = string>(
  files: ModelFiles,
  options: LoadMatchModelOptions,
): Promise<MatchModel<Modality>> {
  assertKnownOptions('loadMatchModel', options, {
    encoders: true,
    negatives: true,
  } satisfies Record<keyof LoadMatchModelOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { matchModel: (saved) => matchModel(saved as unknown as MatchModelOptions<Modality, Modality>) },
    { where: 'loadMatchModel', encoders, values, given },
  );
}

export interface LoadQuestionAnsweringOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** A way to join modalities of your own, which no file holds. */
  strategy?: FusionStrategy;
}

/**
 * Loads a model that answers questions, saved with its encoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadQuestionAnswering(await openFolder('models/answers'), { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export function loadQuestionAnswering(
  files: ModelFiles,
  options: LoadQuestionAnsweringOptions,
): Promise<QuestionAnswering> {
  assertKnownOptions('loadQuestionAnswering', options, {
    encoders: true,
    strategy: true,
  } satisfies Record<keyof LoadQuestionAnsweringOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { questionAnswering: (saved) => questionAnswering(saved as unknown as QuestionAnsweringOptions) },
    { where: 'loadQuestionAnswering', encoders, values, given },
  );
}

export interface LoadCoAttentionMatcherOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** A pooling of your own, which no file holds. */
  pooling?: ScorePooling;
  /** An objective of your own. */
  objective?: ScoreObjective;
}

/**
 * Loads a co-attention matcher that was saved with its encoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadCoAttentionMatcher(await openFolder('models/matcher'), { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export function loadCoAttentionMatcher(
  files: ModelFiles,
  options: LoadCoAttentionMatcherOptions,
): Promise<CoAttentionMatcher> {
  assertKnownOptions('loadCoAttentionMatcher', options, {
    encoders: true,
    pooling: true,
    objective: true,
  } satisfies Record<keyof LoadCoAttentionMatcherOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { coAttentionMatcher: (saved) => coAttentionMatcher(saved as unknown as CoAttentionOptions) },
    { where: 'loadCoAttentionMatcher', encoders, values, given },
  );
}
