export { type Adda, type AddaBatch, type AddaOptions, adda } from './adda.js';
export { type CdanOptions, cdan } from './cdan.js';
export {
  type ConditionalDomainOptions,
  conditionalDomainLoss,
  entropyWeights,
  outerProduct,
} from './conditional-domain-loss.js';
export {
  type ContrastiveAdversarial,
  type ContrastiveAdversarialOptions,
  type CrossDomainBatch,
  contrastiveAdversarial,
  type EmbeddingModel,
} from './contrastive-adversarial.js';
export { type DanOptions, dan } from './dan.js';
export { type DannOptions, dann } from './dann.js';
export { type DeepCoralOptions, deepCoral } from './deep-coral.js';
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
export { pairDomains } from './pair-domains.js';
export {
  type PrincipalComponents,
  type PrincipalComponentsOptions,
  principalComponents,
} from './principal-components.js';
export { type ProxyADistance, type ProxyADistanceOptions, proxyADistance } from './proxy-a-distance.js';
export { sourceOnly } from './source-only.js';
export { type NamePattern, unfrozen } from './unfrozen.js';
