export { type Adda, type AddaBatch, type AddaOptions, adda } from './adda.js';
export { type CdanOptions, cdan } from './cdan.js';
export { type ClassifierOptions, classifier, type EncoderClassifier } from './classifier.js';
export {
  type ConditionalDomainOptions,
  conditionalDomainLoss,
  entropyWeights,
  outerProduct,
} from './conditional-domain-loss.js';
export {
  type ContrastiveAdversarial,
  type ContrastiveAdversarialOptions,
  contrastiveAdversarial,
} from './contrastive-adversarial.js';
export { type ContrastiveDiscrepancyOptions, contrastiveDiscrepancy } from './contrastive-discrepancy.js';
export type { CrossDomainBatch, EmbeddingModel } from './cross-domain.js';
export { type DanOptions, dan } from './dan.js';
export { type DannOptions, dann } from './dann.js';
export { type DeepCoralOptions, deepCoral } from './deep-coral.js';
export { type DensityRatiosOptions, densityRatios } from './density-ratios.js';
export { type DigitFeaturesOptions, digitFeatures } from './digit-features.js';
export type { MatchedLayer } from './distance-term.js';
export type { AdapterOptions, DomainAdapter, DomainBatch } from './domain-adapter.js';
export type { DomainReduction } from './domain-cross-entropy.js';
export { domainPicture, type Point } from './domain-picture.js';
export {
  type Classifier,
  collectFeatures,
  type Evaluation,
  evaluateClassifier,
  evaluateDomains,
  type LabelledBatch,
} from './evaluate.js';
export type { DomainInputs, Features } from './feature-extractor.js';
export { type ImportanceWeightedRiskOptions, importanceWeightedRisk } from './importance-weighted-risk.js';
export type { LinearDomainOptions } from './linear-domain-classifier.js';
export { type LoadClassifierOptions, loadClassifier } from './load-classifier.js';
export { type MccOptions, mcc } from './mcc.js';
export { type MinimumClassConfusionOptions, minimumClassConfusion } from './minimum-class-confusion.js';
export { pairDomains } from './pair-domains.js';
export { predictionEntropy } from './prediction-entropy.js';
export {
  type PrincipalComponents,
  type PrincipalComponentsOptions,
  principalComponents,
} from './principal-components.js';
export { type ProxyADistance, type ProxyADistanceOptions, proxyADistance } from './proxy-a-distance.js';
export { type HeldOutDomains, type ScoresWithoutLabels, scoresWithoutLabels } from './scores-without-labels.js';
export { type SoftNeighbourhoodDensityOptions, softNeighbourhoodDensity } from './soft-neighbourhood-density.js';
export { type SourceOnlyOptions, sourceOnly } from './source-only.js';
export { type NamePattern, unfrozen } from './unfrozen.js';
