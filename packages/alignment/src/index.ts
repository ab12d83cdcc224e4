export {
  type LoadMultimodalAutoencoderOptions,
  loadMultimodalAutoencoder,
} from './autoencoder/load-multimodal-autoencoder.js';
export {
  type AutoencoderBatch,
  type AutoencoderModality,
  type MultimodalAutoencoder,
  type MultimodalAutoencoderOptions,
  multimodalAutoencoder,
} from './autoencoder/multimodal-autoencoder.js';
export { type Reconstruction, squaredError, tokenCrossEntropy } from './autoencoder/reconstruction.js';
export type { BatchExtras, DualEncoderBatch } from './dual-encoder/batch.js';
export {
  type DualEncoder,
  type DualEncoderOptions,
  dualEncoder,
  type Embeddings,
} from './dual-encoder/dual-encoder.js';
export {
  type LoadDualEncoderOptions,
  type LoadedDualEncoder,
  loadDualEncoder,
} from './dual-encoder/load-dual-encoder.js';
export { infoNcePairLoss, type PairContext, type PairLoss } from './dual-encoder/pair-loss.js';
export {
  type CanonicalCorrelationAlignment,
  type CanonicalCorrelationOptions,
  canonicalCorrelation,
} from './linear/canonical-correlation.js';
export { type CoincidenceOptions, coincidence, type NormConstraint } from './linear/coincidence.js';
export { type LeastSquaresAlignment, type LeastSquaresOptions, leastSquares } from './linear/least-squares.js';
export { type LinearAlignment, loadLinearAlignment } from './linear/linear-alignment.js';
export {
  type LinearEmbedding,
  type LinearEmbeddingOptions,
  linearEmbedding,
  loadLinearEmbedding,
} from './linear/linear-embedding.js';
export { type ProcrustesAlignment, type ProcrustesOptions, procrustes } from './linear/procrustes.js';
export { type ExactIndex, type ExactIndexOptions, exactIndex } from './retrieval/exact-index.js';
export { type HardNegativeOptions, mineHardNegatives } from './retrieval/mine-hard-negatives.js';
export {
  type QuantizedIndex,
  type QuantizedIndexOptions,
  quantizedIndex,
} from './retrieval/quantized-index.js';
export type { RetrievalMetrics } from './retrieval/ranking-metrics.js';
export type { Label, Relevance } from './retrieval/relevance.js';
export type { IndexedItem, Metadata, SearchHit, SearchOptions } from './retrieval/retrieval-index.js';
export {
  bidirectionalMetrics,
  type RetrievalOptions,
  retrievalMetrics,
  scoreMetrics,
} from './retrieval/retrieval-metrics.js';
export { type Similarity, similarityMatrix } from './retrieval/similarity.js';
export { positivesFromDescriptions } from './semantic/positives-from-descriptions.js';
export {
  type ContrastiveAlignment,
  type ContrastiveProjectionsOptions,
  type ContrastiveRecord,
  contrastiveProjections,
} from './soft/contrastive-projections.js';
export {
  type TransportAlignment,
  type TransportAlignmentOptions,
  transportAlignment,
} from './soft/transport-alignment.js';
export {
  loadZeroShotClassifier,
  type PromptTemplate,
  type ZeroShotClassifier,
  type ZeroShotGuess,
  type ZeroShotOptions,
  zeroShotClassifier,
} from './zero-shot/zero-shot-classifier.js';
