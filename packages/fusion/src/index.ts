export type { ModalityItems } from './classifier/classify-items.js';
export {
  type FusionBatch,
  type FusionClassifier,
  type FusionClassifierOptions,
  fusionClassifier,
} from './classifier/fusion-classifier.js';
export type { FusionInputs } from './classifier/fusion-inputs.js';
export type { Present } from './classifier/modality-features.js';
export {
  type AttentionMaps,
  type CoAttentionBatch,
  type CoAttentionMatcher,
  type CoAttentionOptions,
  coAttentionMatcher,
} from './co-attention/co-attention-matcher.js';
export type { PlaceTable } from './co-attention/place-table.js';
export { rerank } from './co-attention/rerank.js';
export { contrastiveObjective, hingeObjective, type ScoreObjective } from './co-attention/score-objective.js';
export { logSumExpScore, meanScore, type ScorePooling } from './co-attention/score-pooling.js';
export {
  type PairAttention,
  type Places,
  type StackedCrossAttentionOptions,
  stackedCrossAttention,
} from './co-attention/stacked-cross-attention.js';
export {
  type LoadCoAttentionMatcherOptions,
  type LoadFusionClassifierOptions,
  type LoadMatchModelOptions,
  type LoadQuestionAnsweringOptions,
  loadCoAttentionMatcher,
  loadFusionClassifier,
  loadMatchModel,
  loadQuestionAnswering,
} from './load-models.js';
export { type MatchBatch, type MatchModel, type MatchModelOptions, matchModel } from './match/match-model.js';
export {
  hardestNegatives,
  type NegativeChoice,
  type NegativeContext,
  rolledNegatives,
} from './match/negatives.js';
export {
  type Answer,
  type QuestionAnswering,
  type QuestionAnsweringOptions,
  type QuestionBatch,
  questionAnswering,
} from './question-answering/question-answering.js';
export { concatenation } from './strategies/concatenation.js';
export { type CrossAttentionOptions, crossAttention } from './strategies/cross-attention.js';
export type { Fusion, FusionStrategy, ModalityFeatures, ModalityShape } from './strategies/fusion-strategy.js';
export { type GatedOptions, gated } from './strategies/gated.js';
export { type LowRankBilinearOptions, lowRankBilinear } from './strategies/low-rank-bilinear.js';
