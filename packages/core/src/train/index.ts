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
  type AlternatingPlayer,
  type AlternatingStep,
  type AlternatingStepOptions,
  type AverageOptions,
  alternatingStep,
  type ClipOptions,
  type CompiledStep,
  clipByNorm,
  clipByValue,
  compileStep,
  globalNorm,
  type HostState,
  type LossResult,
  type Metrics,
  type PlayerOptions,
  type Step,
  type TrainStep,
  type TrainStepOptions,
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
