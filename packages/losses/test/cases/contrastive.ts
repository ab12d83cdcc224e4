import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  cyClipConsistency,
  debiasedContrastive,
  distanceContrastive,
  infoNce,
  negativeCosine,
  ntXent,
  type Pairs,
  pairsByLabel,
  sigLip,
  supCon,
} from '../../src/index.js';
import * as plain from '../naive.js';
import { kept } from './kept.js';
import type { LossCase } from './loss-case.js';

const { at, cosine, indices, labelsFor, logSumExp, mean, softplus, sum, table, transpose } = plain;
type M = plain.Matrix;

const pair = (rows: number) => [
  [rows, 5],
  [rows, 5],
];

/** Pairs of a to b by the cases' labels. */
const labelled = (a: Tensor2D, b: Tensor2D): Pairs =>
  kept(`labels ${a.shape[0]} ${b.shape[0]}`, () => pairsByLabel(labelsFor(a.shape[0]), labelsFor(b.shape[0])));
const within = (x: Tensor2D): Pairs => kept(`labels ${x.shape[0]}`, () => pairsByLabel(labelsFor(x.shape[0])));

/** -log softmax of (i, i) in each row, with smoothing over all columns. */
function naiveRows(logits: M, epsilon = 0): number {
  return mean(logits.map((row, i) => logSumExp(row) - (1 - epsilon) * at(row, i) - epsilon * mean(row)));
}

const both = (logits: M, rows: (logits: M) => number): number => (rows(logits) + rows(transpose(logits))) / 2;

/** Several positives: `positive(i, j)` decides, `candidate` who stands in the denominator, `weight` how heavily. */
function naiveMultiPositive(
  logits: M,
  kind: 'out' | 'in' | 'each',
  positive: (i: number, j: number) => boolean,
  candidate: (i: number, j: number) => boolean = () => true,
  weight: (i: number, j: number) => number = () => 1,
): number[] {
  return logits.flatMap((row, i) => {
    const all = indices(row.length).filter((j) => candidate(i, j));
    const positives = all.filter((j) => positive(i, j));
    if (positives.length === 0) return [];
    const weighted = (j: number) => at(row, j) + Math.log(weight(i, j));
    const denominator = logSumExp(all.map(weighted));
    if (kind === 'out') return [mean(positives.map((j) => denominator - at(row, j)))];
    if (kind === 'in') return [denominator - logSumExp(positives.map((j) => at(row, j)))];
    const negatives = all.filter((j) => !positive(i, j)).map(weighted);
    return positives.map((j) => logSumExp([at(row, j), ...negatives]) - at(row, j));
  });
}

const sameLabel = (i: number, j: number) => i % 3 === j % 3;
const scaled = (a: M, b: M, tau: number) => table(a, b, (x, y) => cosine(x, y) / tau);

/** Everything relative to the largest exponent of a row, so that a temperature of 1e-3 does not overflow here either. */
function naiveDebiased(a: M, b: M, tau: number, prior: number, beta: number): number {
  const z = [...a, ...b];
  const n = a.length;
  const count = 2 * n - 2;
  return mean(
    indices(2 * n).map((i) => {
      const partner = (i + n) % (2 * n);
      const matched = cosine(at(z, i), at(z, partner)) / tau;
      const others = indices(2 * n)
        .filter((k) => k !== i && k !== partner)
        .map((k) => cosine(at(z, i), at(z, k)) / tau);
      const peak = Math.max(matched, ...others);
      const hardest = Math.max(...others);
      const importance = others.map((s) => Math.exp(beta * (s - hardest)));
      const mass = sum(others.map((s, k) => (Math.exp(s - peak) * at(importance, k)) / mean(importance)));
      const positive = Math.exp(matched - peak);
      const estimate = Math.max((mass - prior * count * positive) / (1 - prior), count * Math.exp(-1 / tau - peak));
      return Math.log(positive + estimate) - (matched - peak);
    }),
  );
}

const fixedWeights = (n: number, m: number): M =>
  indices(n).map((i) => indices(m).map((j) => 0.25 + ((3 * i + 5 * j) % 7) / 4));

export const contrastiveCases: LossCase[] = [
  {
    name: 'infoNce, one direction',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.2, symmetric: false }),
    naive: (a: M, b: M) => naiveRows(scaled(a, b, 0.2)),
  },
  {
    name: 'infoNce, symmetric',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.2 }),
    naive: (a: M, b: M) => both(scaled(a, b, 0.2), naiveRows),
  },
  {
    name: 'infoNce, trainable temperature',
    shapes: (rows) => [[rows, 5], [rows, 5], []],
    loss: (a: Tensor2D, b: Tensor2D, logScale: Scalar) =>
      tf.tidy(() => infoNce(a, b, { temperature: tf.exp(tf.neg(logScale)) })),
    naive: (a: M, b: M, logScale: number) => both(scaled(a, b, Math.exp(-logScale)), naiveRows),
    refuses: { large: 'a log scale of 1e4 is no temperature' },
  },
  {
    name: 'infoNce, temperature 1e-3',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 1e-3 }),
    naive: (a: M, b: M) => both(scaled(a, b, 1e-3), naiveRows),
    gradient: { step: 1e-4, rtol: 5e-2, atol: 0.5 },
  },
  {
    name: 'infoNce, dot product',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 1, similarity: 'dot' }),
    naive: (a: M, b: M) => both(table(a, b, plain.dot), naiveRows),
  },
  {
    name: 'infoNce, label smoothing',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.2, labelSmoothing: 0.1 }),
    naive: (a: M, b: M) => both(scaled(a, b, 0.2), (logits) => naiveRows(logits, 0.1)),
  },
  {
    name: 'infoNce, in blocks of 4 rows',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.2, blockRows: 4 }),
    naive: (a: M, b: M) => both(scaled(a, b, 0.2), naiveRows),
  },
  {
    name: 'infoNce, further negatives for both directions, label smoothing',
    shapes: (rows) => [
      [rows, 5],
      [rows, 5],
      [4, 5],
      [3, 5],
    ],
    loss: (a: Tensor2D, b: Tensor2D, negatives: Tensor2D, reverseNegatives: Tensor2D) =>
      infoNce(a, b, { temperature: 0.2, labelSmoothing: 0.1, negatives, reverseNegatives }),
    naive: (a: M, b: M, negatives: M, reverse: M) =>
      (naiveRows(scaled(a, [...b, ...negatives], 0.2), 0.1) + naiveRows(scaled(b, [...a, ...reverse], 0.2), 0.1)) / 2,
  },
  {
    name: 'infoNce, queue as only negatives',
    shapes: (rows) => [
      [rows, 5],
      [rows, 5],
      [4, 5],
      [3, 5],
    ],
    loss: (a: Tensor2D, b: Tensor2D, negatives: Tensor2D, reverseNegatives: Tensor2D) =>
      infoNce(a, b, { temperature: 0.2, labelSmoothing: 0.1, negatives, reverseNegatives, inBatchNegatives: false }),
    naive: (a: M, b: M, negatives: M, reverse: M) => {
      const one = (x: M, y: M, queue: M) =>
        mean(
          x.map((row, i) => {
            const logits = [at(y, i), ...queue].map((other) => cosine(row, other) / 0.2);
            return logSumExp(logits) - 0.9 * at(logits, 0) - 0.1 * mean(logits);
          }),
        );
      return (one(a, b, negatives) + one(b, a, reverse)) / 2;
    },
  },
  ...(['out', 'in', 'each'] as const).map(
    (multiPositive): LossCase => ({
      name: `infoNce, several positives, ${multiPositive}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => infoNce(a, b, { temperature: 0.5, multiPositive, pairs: labelled(a, b) }),
      naive: (a: M, b: M) =>
        both(scaled(a, b, 0.5), (logits) => mean(naiveMultiPositive(logits, multiPositive, sameLabel))),
    }),
  ),
  {
    name: 'infoNce, rectangular, several positives, negatives, weights, smoothing',
    shapes: (rows) => [
      [rows, 5],
      [rows + 2, 5],
      [4, 5],
    ],
    loss: (a: Tensor2D, b: Tensor2D, negatives: Tensor2D) =>
      infoNce(a, b, {
        temperature: 0.5,
        symmetric: false,
        labelSmoothing: 0.1,
        negatives,
        pairs: labelled(a, b),
        weights: kept(`weights ${a.shape[0]}`, () => tf.tensor2d(fixedWeights(a.shape[0], b.shape[0]))),
      }),
    naive: (a: M, b: M, negatives: M) => {
      const weights = fixedWeights(a.length, b.length);
      const logits = scaled(a, [...b, ...negatives], 0.5);
      const isPositive = (i: number, j: number) => j < b.length && sameLabel(i, j);
      const weight = (i: number, j: number) => at(weights, i)[j] ?? 1;
      const losses = naiveMultiPositive(logits, 'out', isPositive, () => true, weight);
      const smoothing = logits.map((row, i) => {
        const positives = row.filter((_, j) => isPositive(i, j));
        return 0.1 * (mean(positives) - mean(row));
      });
      return mean(losses) + mean(smoothing);
    },
  },
  {
    name: 'distanceContrastive, Euclidean',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => distanceContrastive(a, b, { temperature: 0.7 }),
    naive: (a: M, b: M) => naiveRows(table(a, b, (x, y) => -plain.euclidean(x, y) / 0.7)),
  },
  {
    name: 'distanceContrastive, cosine, both directions',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) =>
      distanceContrastive(a, b, { distance: 'cosine', temperature: 0.2, symmetric: true }),
    naive: (a: M, b: M) =>
      both(
        table(a, b, (x, y) => (cosine(x, y) - 1) / 0.2),
        naiveRows,
      ),
  },
  {
    name: 'distanceContrastive, temperature 1e-3',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => distanceContrastive(a, b, { temperature: 1e-3 }),
    naive: (a: M, b: M) => naiveRows(table(a, b, (x, y) => -plain.euclidean(x, y) / 1e-3)),
    gradient: { step: 1e-4, rtol: 5e-2, atol: 0.5 },
  },
  {
    name: 'sigLip',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => sigLip(a, b, { scale: 5, bias: -2 }),
    naive: (a: M, b: M) =>
      sum(a.flatMap((x, i) => b.map((y, j) => softplus((i === j ? -1 : 1) * (5 * cosine(x, y) - 2))))) / a.length,
  },
  {
    name: 'sigLip, several positives, trainable scale and bias',
    shapes: (rows) => [[rows, 5], [rows + 2, 5], [], []],
    loss: (a: Tensor2D, b: Tensor2D, scale: Scalar, bias: Scalar) =>
      sigLip(a, b, { scale, bias, pairs: labelled(a, b) }),
    naive: (a: M, b: M, scale: number, bias: number) =>
      sum(a.flatMap((x, i) => b.map((y, j) => softplus((sameLabel(i, j) ? -1 : 1) * (scale * cosine(x, y) + bias))))) /
      a.length,
  },
  ...[0.5, 1e-3].map(
    (temperature): LossCase => ({
      name: `ntXent, temperature ${temperature}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => ntXent(a, b, { temperature }),
      naive: (a: M, b: M) => {
        const z = [...a, ...b];
        const s = scaled(z, z, temperature);
        return mean(s.map((row, i) => logSumExp(row.filter((_, k) => k !== i)) - at(row, (i + a.length) % z.length)));
      },
      gradient: temperature < 0.1 ? { step: 1e-4, rtol: 5e-2, atol: 0.5 } : {},
    }),
  ),
  ...(['out', 'in'] as const).flatMap((multiPositive) =>
    [0.3, 1e-3].map(
      (temperature): LossCase => ({
        name: `supCon, ${multiPositive}, temperature ${temperature}`,
        shapes: (rows) => [[rows, 5]],
        loss: (x: Tensor2D) => supCon(x, labelsFor(x.shape[0]), { temperature, multiPositive }),
        naive: (x: M) =>
          plain.meanNonZero(
            naiveMultiPositive(
              scaled(x, x, temperature),
              multiPositive,
              (i, j) => i !== j && sameLabel(i, j),
              (i, j) => i !== j,
            ),
          ),
        gradient: temperature < 0.1 ? { step: 1e-4, rtol: 5e-2, atol: 0.5 } : {},
      }),
    ),
  ),
  {
    name: 'infoNce, several positives, each, temperature 1e-3',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) =>
      infoNce(a, b, { temperature: 1e-3, multiPositive: 'each', pairs: labelled(a, b) }),
    naive: (a: M, b: M) => both(scaled(a, b, 1e-3), (logits) => mean(naiveMultiPositive(logits, 'each', sameLabel))),
    gradient: { step: 1e-4, rtol: 5e-2, atol: 0.5 },
  },
  {
    name: 'infoNce within one labelled set, each positive',
    shapes: (rows) => [[rows, 5]],
    loss: (x: Tensor2D) =>
      infoNce(x, x, { temperature: 0.3, multiPositive: 'each', symmetric: false, pairs: within(x) }),
    naive: (x: M) =>
      mean(
        naiveMultiPositive(
          scaled(x, x, 0.3),
          'each',
          (i, j) => i !== j && sameLabel(i, j),
          (i, j) => i !== j,
        ),
      ),
  },
  ...[0, 1].map(
    (beta): LossCase => ({
      name: `debiasedContrastive, beta ${beta}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => debiasedContrastive(a, b, { temperature: 0.5, positivePrior: 0.1, beta }),
      naive: (a: M, b: M) => naiveDebiased(a, b, 0.5, 0.1, beta),
    }),
  ),
  {
    name: 'debiasedContrastive, trainable temperature',
    shapes: (rows) => [[rows, 5], [rows, 5], []],
    loss: (a: Tensor2D, b: Tensor2D, logScale: Scalar) =>
      tf.tidy(() => debiasedContrastive(a, b, { temperature: tf.exp(tf.neg(logScale)) })),
    naive: (a: M, b: M, logScale: number) => naiveDebiased(a, b, Math.exp(-logScale), 0.1, 0),
    refuses: { large: 'a log scale of 1e4 is no temperature' },
  },
  {
    name: 'debiasedContrastive, temperature 1e-3',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => debiasedContrastive(a, b, { temperature: 1e-3, beta: 1 }),
    naive: (a: M, b: M) => naiveDebiased(a, b, 1e-3, 0.1, 1),
    noGradientCheck: 'slopes of 1e3 between kinks; its gradient at ordinary temperatures is checked above',
  },
  {
    name: 'cyClipConsistency',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => cyClipConsistency(a, b, { inModal: 0.3, crossModal: 0.6 }),
    naive: (a: M, b: M) => {
      let [inModal, crossModal] = [0, 0];
      for (const j of indices(a.length)) {
        for (const k of indices(a.length)) {
          inModal += (cosine(at(a, j), at(a, k)) - cosine(at(b, j), at(b, k))) ** 2;
          crossModal += (cosine(at(a, j), at(b, k)) - cosine(at(a, k), at(b, j))) ** 2;
        }
      }
      return (0.3 * inModal + 0.6 * crossModal) / a.length;
    },
  },
  {
    name: 'negativeCosine',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => negativeCosine(a, b),
    naive: (a: M, b: M) => -mean(a.map((x, i) => cosine(x, at(b, i)))),
    differentiable: [0],
  },
];
