export { type ActivationName, gelu, geluTanh, quickGelu } from './activations.js';
export { type AttentionOptions, attentionBias, scaledDotProductAttention } from './attention.js';
export { type BatchNormalizationOptions, batchNormalization } from './batch-normalization.js';
export { ClassToken, classToken } from './class-token.js';
export { Dropout, dropout, dropoutLayer } from './dropout.js';
export { type Gaussian, type GaussianHead, gaussianHead } from './gaussian-head.js';
export { GradientReversal, gradientReversal, gradientReversalLayer } from './gradient-reversal.js';
export { GroupNormalization, type GroupNormalizationOptions, groupNormalization } from './group-normalization.js';
export { L2Normalize, l2Normalize, l2NormalizeLayer } from './l2-normalize.js';
export { LayerSeeds } from './layer-seeds.js';
export { boundedScale, LogitScale, logitScale } from './logit-scale.js';
export { MaskedPooling, maskedPooling, type PoolingMode, poolSequence } from './masked-pooling.js';
export { MultiHeadAttention, type MultiHeadAttentionOptions, multiHeadAttention } from './multi-head-attention.js';
export { networkOfLayers } from './network-of-layers.js';
export { PatchEmbedding, type PatchEmbeddingOptions, patchEmbedding } from './patch-embedding.js';
export {
  PositionEmbedding,
  type PositionEmbeddingOptions,
  positionEmbedding,
  sinusoidalPositions,
} from './position-embedding.js';
export { presentRows } from './present-rows.js';
export { registerLayers } from './register-layers.js';
export { Reparameterise, reparameterise, reparameteriseLayer } from './reparameterise.js';
export {
  SpectralNormalization,
  type SpectralNormalizationOptions,
  spectralNormalization,
} from './spectral-normalization.js';
export { TransformerBlock, type TransformerBlockOptions, transformerBlock } from './transformer-block.js';
