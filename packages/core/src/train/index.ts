export {
  type Checkpoint,
  checkpointSteps,
  type Json,
  newestCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../checkpoint/checkpoints.js';
export { loadVariables, type Mismatch, saveVariables } from '../checkpoint/variables.js';
export { type JsonlWriter, jsonlWriter } from '../log/jsonl-writer.js';
export { type EventOptions, type TensorBoardWriter, tensorBoardWriter } from '../log/tensorboard-writer.js';
export {
  type AlternatingObjectiveOptions,
  type AlternatingStepOptions,
  type AverageOptions,
  accumulate,
  alternatingStep,
  average,
  type CachedGradientStepOptions,
  type CompiledStep,
  cachedGradientStep,
  clipByNorm,
  clipByValue,
  compileStep,
  type GradientTransform,
  globalNorm,
  type HostState,
  type LossFunction,
  type LossResult,
  type Metrics,
  type NamedGradients,
  type NormOptions,
  type ObjectiveOptions,
  type Step,
  scaleToNorm,
  type TrainStep,
  type TrainStepOptions,
  type TransformState,
  trainStep,
  type VariableSource,
  WeightAverage,
} from '../step/index.js';
export { fit } from './fit.js';
export type {
  Callback,
  CallbackResult,
  CheckpointOptions,
  EarlyStoppingOptions,
  FitOptions,
  LogOptions,
} from './fit-options.js';
export type { History, MetricValues, TrainRecord, Watched } from './records.js';
