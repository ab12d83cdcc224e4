export type { Gaussian } from '@crossmodal/core/layers';
export type { ElboReport, EvaluationOptions, LikelihoodOptions, LikelihoodReport } from './evaluation.js';
export { peakSignalToNoiseRatio, structuralSimilarity } from './image-similarity.js';
export type { FeatureNetwork, Observation } from './internal/observation.js';
export { fitGaussianMixture, type GaussianMixture, type GaussianMixtureOptions } from './latents/gaussian-mixture.js';
export { fitKernelDensity } from './latents/kernel-density.js';
export type { LatentDistribution } from './latents/latent-distribution.js';
export { fitNormal } from './latents/normal.js';
export { bernoulli } from './likelihoods/bernoulli.js';
export { categorical } from './likelihoods/categorical.js';
export { gaussian } from './likelihoods/gaussian.js';
export type { Likelihood } from './likelihoods/likelihood.js';
export { type LoadMultimodalVaeOptions, type LoadVaeOptions, loadMultimodalVae, loadVae } from './load-models.js';
export { crossCoherence, jointCoherence } from './multimodal/coherence.js';
export type { Evidence, Fusion } from './multimodal/fusions/fusion.js';
export { jmvae } from './multimodal/fusions/jmvae.js';
export { mixtureOfExperts } from './multimodal/fusions/mixture-of-experts.js';
export { mixtureOfProducts } from './multimodal/fusions/mixture-of-products.js';
export { productOfExperts } from './multimodal/fusions/product-of-experts.js';
export {
  mixtureLogDensity,
  type ProductOfGaussiansOptions,
  productOfGaussians,
  subsetsOf,
} from './multimodal/gaussian-products.js';
export type { Modality } from './multimodal/inference.js';
export {
  type MultimodalBatch,
  type MultimodalObservation,
  type MultimodalVae,
  type MultimodalVaeOptions,
  multimodalVae,
  type Presence,
} from './multimodal/multimodal-vae.js';
export { divergenceToExperts, type Posterior } from './multimodal/posterior.js';
export { type Disentanglement, mutualInformationGap } from './mutual-information-gap.js';
export { convolutionalDecoder, convolutionalInference } from './networks/convolutional-networks.js';
export { denseDecoder, denseInference } from './networks/dense-networks.js';
export { type ConditionOption, type Vae, type VaeBatch, type VaeOptions, vae } from './vae.js';
