export {
  type Checkpoint,
  checkpointSteps,
  type Json,
  newestCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint/checkpoints.js';
export { loadVariables, type Mismatch, saveVariables } from './checkpoint/variables.js';
export { type ArrayCacheOptions, type CachedDecoder, cached } from './data/array-cache.js';
export { everyCaption, joinCaptions, oneCaption } from './data/captions.js';
export { type ClassFolder, type ClassFolderOptions, classFolder } from './data/class-folder.js';
export { type Collated, type Column, collate } from './data/collate.js';
export { type PaddedBatch, type PaddedOptions, padded } from './data/columns/padded.js';
export { presence, scalars } from './data/columns/scalars.js';
export { type StackedOptions, stacked } from './data/columns/stacked.js';
export { type DataFolderOptions, dataFolder } from './data/data-folder.js';
export type { Decoder } from './data/decoder.js';
export { type DownloadOptions, download, sha256OfFile } from './data/download.js';
export { parseIdx, readIdx } from './data/files/idx.js';
export { formatNpy, parseNpy, readNpy } from './data/files/npy.js';
export type { ReadBytesOptions } from './data/files/read-bytes.js';
export type { TarLimits } from './data/files/read-tar.js';
export type { HostArray, HostValues } from './data/host-array.js';
export { type ManifestFormat, type ManifestOptions, manifest } from './data/manifest.js';
export type { ManifestColumns, Role } from './data/manifest-columns.js';
export { type MapConcurrentlyOptions, mapConcurrently } from './data/map-concurrently.js';
export { mediaKind } from './data/media-kind.js';
export { type PairedFolderOptions, pairedFolder } from './data/paired-folder.js';
export { Pipeline, pipeline, zip } from './data/pipeline.js';
export type { Media, Row } from './data/row.js';
export { type SampleRowOptions, sampleRow } from './data/sample-row.js';
export { bsds500 } from './data/sets/bsds500.js';
export { type FsddRow, fsdd } from './data/sets/fsdd.js';
export { type ImageRow, imageRows } from './data/sets/image-rows.js';
export { type LabelledImages, type Mnist, type MnistOptions, mnist } from './data/sets/mnist.js';
export { type MnistMOptions, mnistM } from './data/sets/mnist-m.js';
export { type NlvrOptions, nlvr } from './data/sets/nlvr.js';
export { type DataSource, dataSources } from './data/sets/sources.js';
export { type UcmRow, ucmCaptions, ucmClasses } from './data/sets/ucm-captions.js';
export { type PairedFeatures, type Wikipedia, wikipedia } from './data/sets/wikipedia.js';
export type { Source } from './data/source.js';
export { type Fractions, splitByGroup, splitOf } from './data/split-by-group.js';
export type { BatchOptions } from './data/stages/batch.js';
export type { BucketOptions } from './data/stages/bucket-by-length.js';
export type { ItemContext } from './data/stages/item-context.js';
export type { ItemFunction, MapOptions } from './data/stages/map.js';
export type { MapOrSkipOptions } from './data/stages/map-or-skip.js';
export type { ShuffleOptions } from './data/stages/shuffle.js';
export type { ZipOptions, Zipped } from './data/stages/zip.js';
export { type TarSample, type TarShardOptions, tarShards } from './data/tar-shards.js';
export { type WorkerPool, type WorkerPoolOptions, workerPool } from './data/worker-pool.js';
export type { CompiledFunction, TensorFunction } from './device/backend-capabilities.js';
export { compile } from './device/compile.js';
export type { Device, DeviceName } from './device/device.js';
export { hostInput } from './device/host-input.js';
export { deviceNames, useDevice } from './device/use-device.js';
export { defineEncoder, type EncodedSequence, type Encoder, type Inputs } from './encoder.js';
export { CrossmodalError } from './errors.js';
export { assertKnownOptions } from './known-options.js';
export { type ActivationName, gelu, geluTanh, quickGelu } from './layers/activations.js';
export { type AttentionOptions, attentionBias, scaledDotProductAttention } from './layers/attention.js';
export { ClassToken, classToken } from './layers/class-token.js';
export { Dropout, dropout, dropoutLayer } from './layers/dropout.js';
export { GradientReversal, gradientReversal, gradientReversalLayer } from './layers/gradient-reversal.js';
export {
  GroupNormalization,
  type GroupNormalizationOptions,
  groupNormalization,
} from './layers/group-normalization.js';
export { L2Normalize, l2Normalize, l2NormalizeLayer } from './layers/l2-normalize.js';
export { boundedScale, LogitScale, logitScale } from './layers/logit-scale.js';
export { MaskedPooling, maskedPooling, type PoolingMode, poolSequence } from './layers/masked-pooling.js';
export {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
} from './layers/multi-head-attention.js';
export { PatchEmbedding, type PatchEmbeddingOptions, patchEmbedding } from './layers/patch-embedding.js';
export {
  PositionEmbedding,
  type PositionEmbeddingOptions,
  positionEmbedding,
  sinusoidalPositions,
} from './layers/position-embedding.js';
export { registerLayers } from './layers/register-layers.js';
export { Reparameterise, reparameterise, reparameteriseLayer } from './layers/reparameterise.js';
export {
  SpectralNormalization,
  type SpectralNormalizationOptions,
  spectralNormalization,
} from './layers/spectral-normalization.js';
export { TransformerBlock, type TransformerBlockOptions, transformerBlock } from './layers/transformer-block.js';
export { type JsonlWriter, jsonlWriter } from './log/jsonl-writer.js';
export { type EventOptions, type TensorBoardWriter, tensorBoardWriter } from './log/tensorboard-writer.js';
export { accuracy, topKAccuracy } from './metrics/accuracy.js';
export { balancedAccuracy, cohenKappa, matthewsCorrelation } from './metrics/agreement.js';
export { type BootstrapOptions, bootstrapInterval, type Interval, percentile } from './metrics/bootstrap.js';
export { expectedCalibrationError } from './metrics/calibration.js';
export { type ClusterAgreement, clusterAgreement, silhouette } from './metrics/clustering.js';
export { confusionMatrix } from './metrics/confusion-matrix.js';
export type { NumberRows, Numbers } from './metrics/inputs.js';
export { logLoss } from './metrics/log-loss.js';
export {
  formatMeanAndDeviation,
  type MeanAndDeviation,
  meanAndDeviation,
  overSeeds,
} from './metrics/mean-and-deviation.js';
export { pairedTTest, type TestResult, wilcoxonSignedRank } from './metrics/paired-tests.js';
export {
  type Averaging,
  averageScores,
  type ClassScores,
  classScores,
  type PrecisionRecallF1,
  precisionRecallF1,
} from './metrics/precision-recall-f1.js';
export {
  averagePrecision,
  averagePrecisionOneVersusRest,
  type OneVersusRestOptions,
  rocAuc,
  rocAucOneVersusRest,
} from './metrics/ranking.js';
export { type RunningMean, runningMean } from './metrics/running-mean.js';
export {
  type ClassificationSummary,
  type StreamingClassification,
  type StreamingClassificationOptions,
  streamingClassification,
} from './metrics/streaming-classification.js';
export { type OnnxOptions, saveModelOnnx, saveOnnx } from './model/save-onnx.js';
export { loadModel, saveModel } from './model/saved-model.js';
export { type AdadeltaOptions, adadelta } from './optimisers/adadelta.js';
export { type AdafactorOptions, adafactor } from './optimisers/adafactor.js';
export { type AdagradOptions, adagrad } from './optimisers/adagrad.js';
export { type AdamOptions, adam, adamW } from './optimisers/adam.js';
export { type AdamVariantOptions, adamax, nadam, radam } from './optimisers/adam-variants.js';
export { type LambOptions, lamb } from './optimisers/lamb.js';
export { type LarsOptions, lars } from './optimisers/lars.js';
export { type LionOptions, lion } from './optimisers/lion.js';
export type { ParameterGroup } from './optimisers/parameter-groups.js';
export { type RmsPropOptions, rmsProp } from './optimisers/rms-prop.js';
export { type CommonOptions as OptimizerOptions, RuleOptimizer } from './optimisers/rule-optimizer.js';
export { type SgdOptions, sgd } from './optimisers/sgd.js';
export type { Slot, UpdateContext, Updated, UpdateRule } from './optimisers/update-rule.js';
export { Random, type RandomState } from './random/random.js';
export { inStepScope, type StepScope } from './random/step-scope.js';
export { randomMask, randomNormal, randomPermutation, randomUniform } from './random/tensors.js';
export type { SafetensorsDtype } from './safetensors/dtypes.js';
export type { TensorEntry } from './safetensors/header.js';
export {
  type OpenSafetensors,
  openSafetensors,
  parseSafetensors,
  readSafetensors,
  type SafetensorsFile,
} from './safetensors/read.js';
export { writeSafetensors } from './safetensors/save.js';
export { fromTensor, toTensor } from './safetensors/tensors.js';
export { decodeValues, type StoredTensor, type StoredValues } from './safetensors/values.js';
export { type StoredTensors, safetensorsPieces } from './safetensors/write.js';
export { type Plateau, type PlateauOptions, type PlateauState, plateau } from './schedules/plateau.js';
export { type Schedule, scheduledScalar } from './schedules/schedule.js';
export {
  constant,
  cosine,
  cosineRestarts,
  dannAnnealing,
  exponentialDecay,
  inverseSquareRoot,
  linearWarmup,
  milestones,
  oneCycle,
  polynomial,
  stepDecay,
} from './schedules/schedules.js';
export {
  type AlternatingPlayer,
  type AlternatingStep,
  type AlternatingStepOptions,
  alternatingStep,
} from './train/alternating-step.js';
export { type AverageOptions, WeightAverage } from './train/average.js';
export { type ClipOptions, clipByNorm, clipByValue, globalNorm } from './train/clip.js';
export { type CompiledStep, compileStep } from './train/compile-step.js';
export { type Dataset, type TensorDataset, type TensorDatasetOptions, tensorDataset } from './train/dataset.js';
export { fit } from './train/fit.js';
export type {
  Callback,
  CallbackResult,
  CheckpointOptions,
  EarlyStoppingOptions,
  FitOptions,
  LogOptions,
} from './train/fit-options.js';
export type { LossResult } from './train/gradients.js';
export type { PlayerOptions, VariableSource } from './train/player.js';
export type { History, MetricValues, TrainRecord, Watched } from './train/records.js';
export type { HostState, Metrics, Step } from './train/step.js';
export { type TrainStep, type TrainStepOptions, trainStep } from './train/train-step.js';
export { disposeVariables, type NamedVariables, namedVariables, prefixed, trainableVariables } from './variables.js';
