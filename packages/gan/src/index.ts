export {
  type ConditionalGan,
  type ConditionalGanBatch,
  type ConditionalGanOptions,
  conditionalGan,
  type GenerateOptions,
} from './conditional-gan.js';
export {
  type AugmentedCondition,
  type ConditioningAugmentation,
  conditioningAugmentation,
} from './conditioning-augmentation.js';
export {
  type DifferentiableAugmentationOptions,
  differentiableAugmentation,
} from './differentiable-augmentation.js';
export {
  type EmbeddingGan,
  type EmbeddingGanBatch,
  type EmbeddingGanOptions,
  embeddingGan,
} from './embedding-gan.js';
export { type Gan, type GanBatch, type GanOptions, gan } from './gan.js';
export { type GanStepOptions, ganStep } from './gan-step.js';
export type { GradientPenalty } from './internal/adversarial-networks.js';
export { type Condition, interpolateConditions } from './internal/conditions.js';
export { type LoadConditionalGanOptions, loadConditionalGan, loadEmbeddingGan, loadGan } from './load-models.js';
export { classifierConsistency } from './metrics/classifier-consistency.js';
export { frechetDistance } from './metrics/frechet-distance.js';
export { inceptionScore } from './metrics/inception-score.js';
export { intraClassDistance } from './metrics/intra-class-distance.js';
export { kernelInceptionDistance } from './metrics/kernel-inception-distance.js';
export { type ManifoldMetrics, manifoldMetrics } from './metrics/manifold-metrics.js';
export { type RPrecision, rPrecision } from './metrics/r-precision.js';
export { type DeepFusionGeneratorOptions, deepFusionGenerator } from './networks/deep-fusion-generator.js';
export { denseDiscriminator } from './networks/dense-discriminator.js';
export { denseGenerator } from './networks/dense-generator.js';
export type { Discriminator } from './networks/discriminator.js';
export { embeddingMap } from './networks/embedding-map.js';
export { type ImageDiscriminatorOptions, imageDiscriminator } from './networks/image-discriminator.js';
export { type ImageGeneratorOptions, imageGenerator } from './networks/image-generator.js';
export { type RefiningGeneratorOptions, refiningGenerator } from './networks/refining-generator.js';
