import type { Tensor2D } from '@tensorflow/tfjs-core';
import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { balancedAccuracy } from './agreement.js';
import { calibrationBins, calibrationError, checkProbabilities, countConfidence } from './calibration.js';
import { argMax, classLabels, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';
import { negativeLogLikelihood } from './log-loss.js';
import { type Averaging, averageScores, type PrecisionRecallF1 } from './precision-recall-f1.js';
import { rocAucOneVersusRest } from './ranking.js';

export interface ClassificationSummary {
  items: number;
  accuracy: number;
  balancedAccuracy: number;
  /** [true][predicted] counts. */
  confusion: number[][];
  scores: Record<Averaging, PrecisionRecallF1>;
  expectedCalibrationError: number;
  logLoss: number;
  /** One class against the rest, mean over classes that occur; present when `rankings` is kept and two classes occur. */
  rocAuc?: number;
}

export interface StreamingClassification {
  /** Adds a batch: probabilities [b, classes] and labels [b]. Tensors are read, not disposed. */
  update(probabilities: NumberRows, labels: Numbers): Promise<void>;
  /** Scores of everything added so far. @throws CrossmodalError if that is nothing. */
  summary(): ClassificationSummary;
  reset(): void;
}

export interface StreamingClassificationOptions {
  classes: number;
  /**
   * Bins of the calibration error.
   * @default 15
   */
  bins?: number;
  /**
   * Also keep all probabilities, 4 * classes bytes per item, for the area under the ROC curve, which needs them all.
   * @default false
   */
  rankings?: boolean;
}

/**
 * Classification scores of a stream of batches, equal to those of all batches joined: what is kept are counts
 * (and the probabilities themselves only when `rankings` is set).
 *
 * @throws CrossmodalError if a batch does not fit: wrong number of classes, labels out of range, lengths that differ.
 * @example
 * const scores = streamingClassification({ classes: 2 });
 * await scores.update([[0.9, 0.1], [0.4, 0.6]], [0, 0]);
 * scores.summary().accuracy; // 0.5
 */
export function streamingClassification({
  classes,
  bins = 15, // Guo et al. (2017)
  rankings = false,
  ...others
}: StreamingClassificationOptions): StreamingClassification {
  assertKnownOptions('streamingClassification', others, ['classes', 'bins', 'rankings']);

  const where = 'streamingClassification';
  requireInteger(`${where}: classes`, classes, 1, 100_000);
  const empty = () => ({
    items: 0,
    loss: 0,
    confusion: Array.from({ length: classes }, () => new Array<number>(classes).fill(0)),
    calibration: calibrationBins(where, bins),
    rows: [] as Float32Array[],
    labels: [] as number[],
  });
  let kept = empty();

  const add = (rows: readonly ArrayLike<number>[], labels: ArrayLike<number>) => {
    rows.forEach((row, i) => {
      const label = labels[i] as number;
      const predicted = argMax(row);
      const counts = kept.confusion[label] as number[];
      counts[predicted] = (counts[predicted] ?? 0) + 1;
      countConfidence(kept.calibration, row[predicted] as number, predicted === label);
      kept.loss += negativeLogLikelihood(row, label, Number.EPSILON);
      if (rankings) kept.rows.push(Float32Array.from(row));
      if (rankings) kept.labels.push(label);
    });
    kept.items += rows.length;
  };

  return {
    async update(probabilities, labels) {
      const rows = finiteRows(
        where,
        'probabilities',
        Array.isArray(probabilities) ? probabilities : await hostRows(probabilities),
      );
      if (rows[0]?.length !== classes) {
        throw new CrossmodalError(`${where}: probabilities must have ${classes} columns, got ${rows[0]?.length}`);
      }
      const y = classLabels(where, 'labels', 'data' in labels ? await labels.data() : labels, classes);
      sameLength(where, rows, y);
      checkProbabilities(where, rows);
      add(rows, y);
    },
    summary() {
      if (kept.items === 0)
        throw new CrossmodalError(`${where}: nothing was added before summary(); call update() first`);
      const { items, confusion, calibration, loss } = kept;
      const ranked = rankings && new Set(kept.labels).size > 1;
      return {
        items,
        accuracy: averageScores(confusion, 'micro').recall,
        balancedAccuracy: balancedAccuracy(confusion),
        confusion: confusion.map((row) => [...row]),
        scores: {
          macro: averageScores(confusion, 'macro'),
          micro: averageScores(confusion, 'micro'),
          weighted: averageScores(confusion, 'weighted'),
        },
        expectedCalibrationError: calibrationError(calibration),
        logLoss: loss / items,
        ...(ranked ? { rocAuc: rocAucOneVersusRest(kept.rows, kept.labels, { absent: 'skip' }) } : {}),
      };
    },
    reset() {
      kept = empty();
    },
  };
}

async function hostRows(matrix: NumberRows): Promise<ArrayLike<number>[]> {
  const tensor = matrix as Tensor2D;
  const [rows, columns] = tensor.shape;
  const flat = await tensor.data();
  return Array.from({ length: rows }, (_, i) => flat.subarray(i * columns, (i + 1) * columns));
}
