export { type Dataset, type TensorDataset, type TensorDatasetOptions, tensorDataset } from '../data/dataset.js';
export {
  type AlternatingObjectiveOptions,
  type AlternatingStepOptions,
  alternatingStep,
} from './alternating-step.js';
export { type CachedGradientStepOptions, cachedGradientStep } from './cached-gradient-step.js';
export { type CompiledStep, compileStep } from './compile-step.js';
export type { LossResult } from './loss-gradients.js';
export type { LossFunction, ObjectiveOptions, VariableSource } from './objective.js';
export type { HostState, Metrics, Step } from './step.js';
export type { TrainStep } from './step-engine.js';
export { type TrainStepOptions, trainStep } from './train-step.js';
export { accumulate } from './transforms/accumulate.js';
export { average } from './transforms/average.js';
export { clipByNorm } from './transforms/clip-by-norm.js';
export { clipByValue } from './transforms/clip-by-value.js';
export { globalNorm, type NormOptions, scaleToNorm } from './transforms/global-norm.js';
export type { GradientTransform, NamedGradients, TransformState } from './transforms/transform.js';
export { type AverageOptions, WeightAverage } from './transforms/weight-average.js';
