import { golden, goldenIndex } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  averagePrecision,
  averagePrecisionOneVersusRest,
  averageScores,
  balancedAccuracy,
  bootstrapInterval,
  clusterAgreement,
  cohenKappa,
  confusionMatrix,
  expectedCalibrationError,
  logLoss,
  matthewsCorrelation,
  meanAndDeviation,
  pairedTTest,
  precisionRecallF1,
  rocAuc,
  rocAucOneVersusRest,
  silhouette,
  streamingClassification,
  topKAccuracy,
  wilcoxonSignedRank,
} from '../../src/metrics/index.js';

interface Case {
  name: string;
  file: string;
  options: { classes: number; ece_bins: number };
  outputs: Record<string, { value: number }>;
  tolerance: { rtol: number; atol: number };
}

const folder = new URL('../golden/metrics/', import.meta.url);
const cases = goldenIndex<{ cases: Case[] }>(folder).cases;

function load(name: string) {
  const entry = cases.find((candidate) => candidate.name === name) as Case;
  const { raw } = golden(new URL(entry.file, folder));
  const vector = (key: string) => Array.from(raw[key]?.data as ArrayLike<number>, Number);
  const matrix = (key: string) => {
    const [rows = 0, columns = 0] = raw[key]?.shape ?? [];
    const flat = vector(key);
    return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
  };
  /** Compares named values with those of the index; names that the index lacks are a mistake of the test. */
  const check = (values: Record<string, number>) => {
    for (const [key, value] of Object.entries(values)) {
      expect(entry.outputs[key], key).toBeDefined();
      expect(value, key).toBeAllclose(entry.outputs[key]?.value as number, entry.tolerance);
    }
  };
  return { entry, vector, matrix, check };
}

describe.each(['classification_10', 'classification_3'])('%s (scikit-learn, torchmetrics)', (name) => {
  const { entry, vector, matrix, check } = load(name);
  const { classes, ece_bins: bins } = entry.options;
  const labels = vector('in.labels');
  const probabilities = matrix('in.probabilities');
  const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
  const confusion = confusionMatrix(predicted, labels, { classes });

  it('agrees on everything derived from predictions', () => {
    expect(confusion).toBeAllclose(matrix('out.confusion'), { rtol: 0, atol: 0 });
    check({
      accuracy: accuracy(predicted, labels),
      balanced_accuracy: balancedAccuracy(confusion),
      cohen_kappa: cohenKappa(confusion),
      matthews: matthewsCorrelation(confusion),
      top3_accuracy: topKAccuracy(probabilities, labels, { k: 3 }),
    });
    for (const average of ['macro', 'micro', 'weighted'] as const) {
      const { precision, recall, f1 } = precisionRecallF1(predicted, labels, { average, classes });
      check({ [`precision_${average}`]: precision, [`recall_${average}`]: recall, [`f1_${average}`]: f1 });
      expect(averageScores(confusion, average)).toEqual({ precision, recall, f1 });
    }
  });

  it('agrees on everything derived from probabilities', () => {
    check({
      ece: expectedCalibrationError(probabilities, labels, { bins }),
      log_loss: logLoss(probabilities, labels),
      roc_auc_ovr_macro: rocAucOneVersusRest(probabilities, labels),
      average_precision_macro: averagePrecisionOneVersusRest(probabilities, labels),
    });
  });

  it('gives the same when it arrives in uneven batches', async () => {
    const scores = streamingClassification({ classes, bins, rankings: true });
    for (let from = 0, size = 1; from < labels.length; from += size, size = (size % 7) + 1) {
      await scores.update(probabilities.slice(from, from + size), labels.slice(from, from + size));
    }
    const summary = scores.summary();
    expect(summary.items).toBe(labels.length);
    expect(summary.confusion).toEqual(confusion);
    check({
      accuracy: summary.accuracy,
      balanced_accuracy: summary.balancedAccuracy,
      f1_macro: summary.scores.macro.f1,
      precision_weighted: summary.scores.weighted.precision,
      ece: summary.expectedCalibrationError,
      log_loss: summary.logLoss,
      roc_auc_ovr_macro: summary.rocAuc as number,
    });
  });
});

it.each(['binary', 'binary_ties'])('%s: ranking scores (scikit-learn)', (name) => {
  const { vector, check } = load(name);
  const scores = vector('in.scores');
  const labels = vector('in.labels');
  check({ roc_auc: rocAuc(scores, labels), average_precision: averagePrecision(scores, labels) });
});

it('clusters (scikit-learn)', () => {
  const { vector, matrix, check } = load('clusters');
  const agreement = clusterAgreement(vector('in.labels_true'), vector('in.labels_pred'));
  check({
    silhouette: silhouette(matrix('in.x'), vector('in.labels_pred')),
    nmi: agreement.normalizedMutualInformation,
    ari: agreement.adjustedRandIndex,
    homogeneity: agreement.homogeneity,
    completeness: agreement.completeness,
  });
});

it('statistics (scipy, numpy)', () => {
  const { vector, matrix, check } = load('statistics');
  const a = vector('in.a');
  const b = vector('in.b');
  const t = pairedTTest(a, b);
  const w = wilcoxonSignedRank(a, b);
  const interval = bootstrapInterval(a, { indices: matrix('in.indices') });
  const { mean, deviation, count } = meanAndDeviation(a);
  check({
    t: t.statistic,
    t_p: t.pValue,
    wilcoxon: w.statistic,
    wilcoxon_p: w.pValue,
    bootstrap_low: interval.low,
    bootstrap_high: interval.high,
    mean,
    standard_error: deviation / Math.sqrt(count),
  });
});
