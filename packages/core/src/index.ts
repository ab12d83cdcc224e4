export { assertBackend } from './assert-backend.js';
export { requireInteger, requireOneOf, requirePositive, requireRate, requireSeed } from './checks.js';
export type { CompiledFunction, TensorFunction } from './compile/backend-capabilities.js';
export { compile } from './compile/compile.js';
export { hostInput } from './compile/host-input.js';
export { defineEncoder } from './define-encoder.js';
export type { EncodedSequence, Encoder, Inputs } from './encoder.js';
export { CrossmodalError } from './errors.js';
export { stopGradient, withoutGradient } from './gradients.js';
export { interpolateVectors } from './interpolate-vectors.js';
export { isTraining } from './is-training.js';
export { assertKnownOptions } from './known-options.js';
export { labelCodes } from './label-codes.js';
export { layerSeeds } from './layer-seeds.js';
export { filesOf } from './model-files/files-of.js';
export { floatKeys } from './model-files/json-floats.js';
export {
  type ModelCard,
  type ModelFile,
  type ModelFiles,
  memoryFile,
  readConfig,
  readJson,
  readText,
  type Savable,
  subfolder,
} from './model-files/model-files.js';
export type { EncoderLoaders, RestoreOptions } from './model-files/restored-options.js';
export {
  isSavedModel,
  loadSavedModel,
  type ModelConstructor,
  type SavedModel,
  savedModelFiles,
  savedModelType,
} from './model-files/saved-model.js';
export type { Described } from './model-files/saved-options.js';
export { openWeights } from './model-files/stored-weights.js';
export { torchWeights } from './model-files/torch/torch-weights.js';
export { allocateWeights } from './model-files/weight-limit.js';
export {
  assignWeights,
  type LoadedWeights,
  loadWeights,
  type WeightSpec,
  type WeightSpecs,
} from './model-files/weight-plan.js';
export type { StoredWeights } from './model-files/weight-reader.js';
export { modelFiles, weightsFile } from './model-files/write-model.js';
export type { Preprocessing } from './preprocessing.js';
export { Random, type RandomState } from './random/random.js';
export { randomRemedy } from './random/random-remedy.js';
export { inStepScope, type StepScope, type StepTime } from './random/step-scope.js';
export { randomMask, randomNormal, randomPermutation, randomUniform } from './random/tensors.js';
export type { Alternating, Contrastive, LossTerms, Trainable } from './trainable.js';
export { disposeVariables, type NamedVariables, namedVariables, prefixed, trainableVariables } from './variables.js';
