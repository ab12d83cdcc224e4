export {
  type AdversarialKind,
  type DiscriminatorLossOptions,
  discriminatorLoss,
  type GeneratorLossOptions,
  generatorLoss,
} from './adversarial/adversarial-losses.js';
export { ganClsLoss } from './adversarial/gan-cls.js';
export {
  type ConditionalCritic,
  type Critic,
  type GradientPenaltyOptions,
  gradientPenalty,
  matchingAwareGradientPenalty,
  squaredGradientPenalty,
} from './adversarial/gradient-penalty.js';
export { type ModalityAdversaryOptions, modalityAdversary } from './adversarial/modality-adversary.js';
export {
  type AlignmentOptions,
  alignmentLoss,
  type UniformityOptions,
  uniformityLoss,
} from './alignment-uniformity.js';
export { type ArcFaceOptions, arcFace } from './arc-face.js';
export { type BarlowTwinsOptions, barlowTwins } from './barlow-twins.js';
export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from './binary-cross-entropy.js';
export { type CircleOptions, circleLoss } from './circle.js';
export {
  type AlignmentAngleOptions,
  type AlignmentDistanceOptions,
  alignmentAngle,
  alignmentDistance,
} from './cost/alignment-penalty.js';
export {
  type CostEvaluationOptions,
  type CostResult,
  type CostTerm,
  type CostWeight,
  type CrossModalCost,
  type CrossModalCostOptions,
  crossModalCost,
} from './cost/cross-modal-cost.js';
export { type CyclicalAnnealingOptions, cyclicalAnnealing } from './cost/cyclical-annealing.js';
export { GradientBalance, type GradientBalanceOptions, gradientNorms } from './cost/gradient-balance.js';
export { type SemanticSimilarityOptions, semanticSimilarity } from './cost/semantic-similarity.js';
export { type SimilarityCrossEntropyOptions, similarityCrossEntropy } from './cost/similarity-cross-entropy.js';
export { UncertaintyWeights } from './cost/uncertainty-weights.js';
export { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';
export { type CtcLossOptions, ctcLoss } from './ctc.js';
export { type CyClipOptions, cyClipConsistency } from './cy-clip.js';
export { type DebiasedContrastiveOptions, debiasedContrastive } from './debiased-contrastive.js';
export { type DinoOptions, dinoLoss } from './dino.js';
export { type DistanceContrastiveOptions, distanceContrastive } from './distance-contrastive.js';
export { cosineSimilarity } from './distances/cosine.js';
export {
  type Distance,
  type DistanceName,
  type DistanceOption,
  type DistanceOptions,
  pairedDistance,
  pairwiseDistance,
} from './distances/distance.js';
export { type CkaOptions, cka } from './distribution/cka.js';
export { type CoralOptions, coral } from './distribution/coral.js';
export { type EnergyDistanceOptions, energyDistance } from './distribution/energy-distance.js';
export { type HsicOptions, hsic } from './distribution/hsic.js';
export {
  type BandwidthHeuristic,
  type GaussianKernelOptions,
  gaussianKernel,
  type Kernel,
  linearKernel,
  type PolynomialKernelOptions,
  polynomialKernel,
  productKernel,
} from './distribution/kernels.js';
export { type MmdEstimator, type MmdOptions, mmd, mmdOfKernel } from './distribution/mmd.js';
export { type SinkhornOptions, type SinkhornResult, sinkhorn } from './distribution/sinkhorn.js';
export {
  type SinkhornCostOptions,
  type SinkhornObjective,
  sinkhornCost,
  sinkhornDivergence,
} from './distribution/sinkhorn-divergence.js';
export {
  type SlicedWassersteinOptions,
  sliceDirections,
  slicedWasserstein,
  type Wasserstein1dOptions,
  wasserstein1d,
} from './distribution/sliced-wasserstein.js';
export { bernoulliLogLikelihood } from './elbo/bernoulli-log-likelihood.js';
export { type CategoricalLikelihoodOptions, categoricalLogLikelihood } from './elbo/categorical-log-likelihood.js';
export { type ElboOptions, elbo } from './elbo/elbo.js';
export { type FreeBitsOptions, freeBits } from './elbo/free-bits.js';
export { type GaussianLikelihoodOptions, gaussianLogLikelihood } from './elbo/gaussian-log-likelihood.js';
export { type IwaeBoundOptions, iwaeBound } from './elbo/iwae-bound.js';
export { type KlOptions, klGaussians, klSampled, klStandardNormal } from './elbo/kl-divergence.js';
export type { LikelihoodOptions } from './elbo/log-likelihood.js';
export { type HadsellContrastiveOptions, hadsellContrastive } from './hadsell-contrastive.js';
export { type InfoNceOptions, infoNce } from './info-nce.js';
export type { MultiPositive } from './internal/contrast-rows.js';
export type { DrawOptions } from './internal/draw.js';
export { type MarginContrastiveOptions, marginContrastive } from './margin-contrastive.js';
export { type MatryoshkaOptions, matryoshka } from './matryoshka.js';
export { MemoryQueue, type MemoryQueueOptions } from './memory-queue.js';
export { type DistanceWeightedOptions, distanceWeightedNegatives } from './mining/distance-weighted-negatives.js';
export { type HardNegativesOptions, hardNegatives } from './mining/hard-negatives.js';
export { hardestPairs } from './mining/hardest-pairs.js';
export { type MultiSimilarityPairsOptions, multiSimilarityPairs } from './mining/multi-similarity-pairs.js';
export type { PairMiner } from './mining/pair-miner.js';
export { semiHardPairs } from './mining/semi-hard-pairs.js';
export { type SoftNegativeWeightsOptions, softNegativeWeights } from './mining/soft-negative-weights.js';
export { type MultiSimilarityOptions, multiSimilarityLoss } from './multi-similarity.js';
export { type NegativeCosineOptions, negativeCosine } from './negative-cosine.js';
export { type NtXentOptions, ntXent } from './nt-xent.js';
export { type Labels, type Pairs, type PairsByIndexOptions, pairsByIndex, pairsByLabel } from './pairs/pairs.js';
export { type PairBoundsOptions, type PairViolations, pairsWithinBounds, pairViolations } from './pairs/violations.js';
export { type ProxyNcaOptions, proxyNca } from './proxy-nca.js';
export { type Reduced, type ReduceOptions, type Reduction, reduceLosses } from './reduction.js';
export { type ScoreHingeOptions, scoreHinge } from './score-hinge.js';
export { type SigLipOptions, sigLip } from './sig-lip.js';
export { type SupConOptions, supCon } from './sup-con.js';
export { type TripletOptions, type TripletSelection, tripletLoss } from './triplet.js';
export { type VicRegOptions, vicReg } from './vic-reg.js';
export { type VsePlusPlusOptions, vsePlusPlus } from './vse-plus-plus.js';
