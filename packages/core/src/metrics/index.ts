export { accuracy, topKAccuracy } from './accuracy.js';
export { balancedAccuracy, cohenKappa, matthewsCorrelation } from './agreement.js';
export { type BootstrapOptions, bootstrapInterval, type Interval, percentile } from './bootstrap.js';
export { expectedCalibrationError } from './calibration.js';
export { type ClusterAgreement, clusterAgreement, silhouette } from './clustering.js';
export { confusionMatrix } from './confusion-matrix.js';
export type { NumberRows, Numbers } from './inputs.js';
export { logLoss } from './log-loss.js';
export { formatMeanAndDeviation, type MeanAndDeviation, meanAndDeviation, overSeeds } from './mean-and-deviation.js';
export { pairedTTest, type TestResult, wilcoxonSignedRank } from './paired-tests.js';
export {
  type Averaging,
  averageScores,
  type ClassScores,
  classScores,
  type PrecisionRecallF1,
  precisionRecallF1,
} from './precision-recall-f1.js';
export {
  averagePrecision,
  averagePrecisionOneVersusRest,
  type OneVersusRestOptions,
  rocAuc,
  rocAucOneVersusRest,
} from './ranking.js';
export { relativeSpread } from './relative-spread.js';
export { type RunningMean, runningMean } from './running-mean.js';
export {
  type ClassificationSummary,
  type StreamingClassification,
  type StreamingClassificationOptions,
  streamingClassification,
} from './streaming-classification.js';
