export {
  type AlternatingPlayer,
  type AlternatingStep,
  type AlternatingStepOptions,
  alternatingStep,
} from './alternating-step.js';
export { type AverageOptions, WeightAverage } from './average.js';
export { type ClipOptions, clipByNorm, clipByValue, globalNorm } from './clip.js';
export { type CompiledStep, compileStep } from './compile-step.js';
export type { LossResult } from './gradients.js';
export type { PlayerOptions, VariableSource } from './player.js';
export type { HostState, Metrics, Step } from './step.js';
export { type TrainStep, type TrainStepOptions, trainStep } from './train-step.js';
