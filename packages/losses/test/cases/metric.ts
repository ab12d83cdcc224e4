import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  alignmentLoss,
  arcFace,
  barlowTwins,
  binaryCrossEntropy,
  circleLoss,
  crossEntropy,
  dinoLoss,
  hadsellContrastive,
  hardestPairs,
  marginContrastive,
  multiSimilarityLoss,
  multiSimilarityPairs,
  type PairMiner,
  pairsByLabel,
  proxyNca,
  semiHardPairs,
  tripletLoss,
  uniformityLoss,
  vicReg,
  vsePlusPlus,
} from '../../src/index.js';
import * as plain from '../naive.js';
import { kept } from './kept.js';
import type { LossCase } from './loss-case.js';

const { at, cosine, euclidean, indices, labelsFor, logSumExp, mean, meanNonZero, relu, softplus, squared, sum, table } =
  plain;
type M = plain.Matrix;

const pair = (rows: number) => [
  [rows, 5],
  [rows, 5],
];
const set = (rows: number) => [[rows, 5]];
const within = (x: Tensor2D) => kept(`labels ${x.shape[0]}`, () => pairsByLabel(labelsFor(x.shape[0])));
const same = (i: number, j: number) => i % 3 === j % 3;

type Selection = 'all' | 'hard' | 'semi-hard' | 'hardest' | 'semi-hardest';

/** Triplets within a set by the cases' labels. */
function naiveTriplets(x: M, margin: number, selection: Selection, soft = false): number[] {
  const d = table(x, x, euclidean);
  const penalty = (gap: number) => (soft ? softplus(gap + margin) : relu(gap + margin));
  const losses: number[] = [];
  for (const i of indices(x.length)) {
    const row = at(d, i);
    const positives = indices(x.length).filter((j) => j !== i && same(i, j));
    const negatives = indices(x.length).filter((k) => !same(i, k));
    if (selection === 'hardest' || selection === 'semi-hardest') {
      const farthest = Math.max(...positives.map((j) => at(row, j)));
      const candidates = negatives
        .map((k) => at(row, k))
        .filter((value) => selection === 'hardest' || value > farthest);
      if (positives.length > 0 && candidates.length > 0) losses.push(penalty(farthest - Math.min(...candidates)));
      continue;
    }
    for (const j of positives) {
      for (const k of negatives) {
        const gap = at(row, k) - at(row, j);
        const taken = selection === 'all' || (selection === 'hard' ? gap <= 0 : gap > 0 && gap <= margin);
        if (taken) losses.push(penalty(-gap));
      }
    }
  }
  return losses;
}

const miners: Partial<Record<Selection, PairMiner>> = { hardest: hardestPairs, 'semi-hardest': semiHardPairs };

function tripletCase(selection: Selection, softMargin = false): LossCase {
  const mining = miners[selection];
  return {
    name: `tripletLoss, ${selection}${softMargin ? ', soft margin' : ''}`,
    shapes: set,
    loss: (x: Tensor2D) =>
      tripletLoss(x, x, {
        pairs: within(x),
        margin: 0.8,
        softMargin,
        mining,
        triplets: mining ? 'all' : (selection as 'all'),
      }),
    naive: (x: M) => meanNonZero(naiveTriplets(x, 0.8, selection, softMargin)),
  };
}

function naiveMultiSimilarity(x: M, mined: boolean): number {
  const [alpha, beta, base] = [2, 10, 0.5];
  const s = table(x, x, cosine);
  return mean(
    s.map((row, i) => {
      let positives = row.filter((_, j) => j !== i && same(i, j));
      let negatives = row.filter((_, k) => !same(i, k));
      if (mined) {
        const [hardestNegative, hardestPositive] = [Math.max(...negatives), Math.min(...positives)];
        positives = positives.filter((value) => value < hardestNegative + 0.1);
        negatives = negatives.filter((value) => value > hardestPositive - 0.1);
      }
      const term = (sharpness: number, values: number[]) =>
        Math.log(1 + sum(values.map((value) => Math.exp(sharpness * (value - base))))) / Math.abs(sharpness);
      return term(-alpha, positives) + term(beta, negatives);
    }),
  );
}

function naiveVse(a: M, b: M, margin: number, hardest: boolean): number {
  const pick = hardest ? (values: number[]) => Math.max(0, ...values) : sum;
  return sum(
    indices(a.length).map((i) => {
      const matched = cosine(at(a, i), at(b, i));
      const others = indices(a.length).filter((j) => j !== i);
      const forwards = pick(others.map((j) => relu(margin + cosine(at(a, i), at(b, j)) - matched)));
      return forwards + pick(others.map((j) => relu(margin + cosine(at(a, j), at(b, i)) - matched)));
    }),
  );
}

function naiveVicReg(a: M, b: M): number {
  const width = at(a, 0).length;
  const spread = (x: M) => mean(plain.covariance(x).map((row, i) => relu(1 - Math.sqrt(at(row, i) + 1e-4))));
  const redundancy = (x: M) =>
    sum(plain.covariance(x).flatMap((row, i) => row.map((value, j) => (i === j ? 0 : value ** 2)))) / width;
  const invariance = mean(a.flatMap((row, i) => row.map((value, j) => (value - at(at(b, i), j)) ** 2)));
  return 25 * invariance + 12.5 * (spread(a) + spread(b)) + redundancy(a) + redundancy(b);
}

function naiveBarlow(a: M, b: M): number {
  const standard = (x: M) =>
    plain.transpose(x).map((column) => {
      const centred = column.map((value) => value - mean(column));
      const deviation = Math.sqrt(mean(centred.map((value) => value ** 2)) + 1e-5);
      return centred.map((value) => value / deviation);
    });
  const c = table(standard(a), standard(b), (x, y) => plain.dot(x, y) / a.length);
  return sum(c.flatMap((row, i) => row.map((value, j) => (i === j ? (1 - value) ** 2 : 0.005 * value ** 2))));
}

export const metricCases: LossCase[] = [
  {
    name: 'hadsellContrastive',
    shapes: (rows) => [
      [rows, 5],
      [rows, 5],
    ],
    loss: (a: Tensor2D, b: Tensor2D) =>
      hadsellContrastive(
        a,
        b,
        kept(`matches ${a.shape[0]}`, () => tf.tensor1d(matches(a.shape[0]))),
        { margin: 4 },
      ),
    naive: (a: M, b: M) =>
      mean(
        a.map((x, i) => {
          const d = euclidean(x, at(b, i));
          return 0.5 * (at(matches(a.length), i) ? d ** 2 : relu(4 - d) ** 2);
        }),
      ),
  },
  ...([1, 2] as const).map(
    (power): LossCase => ({
      name: `marginContrastive, power ${power}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => marginContrastive(a, b, { epsilon: 0.5, delta: 3.5, power }),
      naive: (a: M, b: M) => {
        const d = table(a, b, euclidean);
        const positive = d.map((row, i) => relu(at(row, i) - 0.5) ** power);
        const negative = d.flatMap((row, i) =>
          row.filter((_, j) => j !== i).map((value) => relu(3.5 - value) ** power),
        );
        return meanNonZero(positive) + meanNonZero(negative);
      },
    }),
  ),
  tripletCase('all'),
  tripletCase('all', true),
  tripletCase('hard'),
  tripletCase('semi-hard'),
  tripletCase('hardest'),
  tripletCase('semi-hardest'),
  {
    name: 'tripletLoss, across modalities, both directions',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => tripletLoss(a, b, { margin: 1, symmetric: true, distance: 'cosine' }),
    naive: (a: M, b: M) => {
      const one = (x: M, y: M) =>
        meanNonZero(
          x.flatMap((row, i) =>
            y.flatMap((other, k) => (k === i ? [] : [relu(cosine(row, other) - cosine(row, at(y, i)) + 1)])),
          ),
        );
      return (one(a, b) + one(b, a)) / 2;
    },
  },
  {
    name: 'vsePlusPlus',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => vsePlusPlus(a, b, { margin: 0.5 }),
    naive: (a: M, b: M) => naiveVse(a, b, 0.5, true),
  },
  {
    name: 'vsePlusPlus, sum of hinges',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => vsePlusPlus(a, b, { margin: 0.5, hardest: false }),
    naive: (a: M, b: M) => naiveVse(a, b, 0.5, false),
  },
  ...[false, true].map(
    (mined): LossCase => ({
      name: `multiSimilarityLoss${mined ? ', mined' : ''}`,
      shapes: set,
      loss: (x: Tensor2D) =>
        multiSimilarityLoss(x, x, {
          pairs: within(x),
          beta: 10,
          mining: mined ? (d, p) => multiSimilarityPairs(d, p) : undefined,
        }),
      naive: (x: M) => naiveMultiSimilarity(x, mined),
    }),
  ),
  {
    name: 'circleLoss',
    shapes: set,
    loss: (x: Tensor2D) => circleLoss(x, x, { pairs: within(x), scale: 10, margin: 0.4 }),
    naive: (x: M) =>
      meanNonZero(
        table(x, x, cosine).flatMap((row, i) => {
          const positives = row.filter((_, j) => j !== i && same(i, j));
          const negatives = row.filter((_, k) => !same(i, k));
          if (positives.length === 0 || negatives.length === 0) return [];
          const pull = logSumExp(positives.map((s) => -10 * relu(1.4 - s) * (s - 0.6)));
          return [softplus(pull + logSumExp(negatives.map((s) => 10 * relu(s + 0.4) * (s - 0.4))))];
        }),
      ),
    noGradientCheck: 'its weights are constants by definition; compared with constant weights in a test of its own',
  },
  ...[true, false].map(
    (ownProxyInDenominator): LossCase => ({
      name: `proxyNca, own proxy ${ownProxyInDenominator ? 'in' : 'not in'} the denominator`,
      shapes: (rows) => [
        [rows, 5],
        [3, 5],
      ],
      loss: (x: Tensor2D, proxies: Tensor2D) =>
        proxyNca(x, labelsFor(x.shape[0]), proxies, { scale: 2, ownProxyInDenominator }),
      naive: (x: M, proxies: M) =>
        mean(
          x.map((row, i) => {
            const logits = proxies.map((proxy) => -2 * squared(plain.unit(row), plain.unit(proxy)));
            return logSumExp(logits.filter((_, c) => ownProxyInDenominator || c !== i % 3)) - at(logits, i % 3);
          }),
        ),
    }),
  ),
  {
    name: 'arcFace',
    shapes: (rows) => [
      [rows, 5],
      [3, 5],
    ],
    loss: (x: Tensor2D, centres: Tensor2D) => arcFace(x, labelsFor(x.shape[0]), centres, { scale: 8, margin: 0.5 }),
    naive: (x: M, centres: M) =>
      mean(
        x.map((row, i) => {
          const logits = centres.map((centre, c) => {
            const cos = cosine(row, centre);
            const theta = Math.acos(Math.min(1, Math.max(-1, cos)));
            if (c !== i % 3) return 8 * cos;
            return 8 * (theta <= Math.PI - 0.5 ? Math.cos(theta + 0.5) : cos - 0.5 * Math.sin(0.5));
          });
          return logSumExp(logits) - at(logits, i % 3);
        }),
      ),
  },
  { name: 'vicReg', shapes: pair, loss: (a: Tensor2D, b: Tensor2D) => vicReg(a, b), naive: naiveVicReg },
  {
    name: 'barlowTwins',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => barlowTwins(a, b),
    naive: naiveBarlow,
    gradient: { rtol: 2e-2, atol: 5e-3 },
  },
  ...[2, 3].map(
    (alpha): LossCase => ({
      name: `alignmentLoss, alpha ${alpha}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => alignmentLoss(a, b, { alpha }),
      naive: (a: M, b: M) => mean(a.map((x, i) => euclidean(plain.unit(x), plain.unit(at(b, i))) ** alpha)),
    }),
  ),
  {
    name: 'uniformityLoss',
    shapes: set,
    loss: (x: Tensor2D) => uniformityLoss(x),
    naive: (x: M) => {
      const potentials = x.flatMap((row, i) =>
        x.slice(0, i).map((other) => Math.exp(-2 * squared(plain.unit(row), plain.unit(other)))),
      );
      return Math.log(mean(potentials));
    },
  },
  {
    name: 'dinoLoss',
    shapes: (rows) => [[2, rows, 5], [4, rows, 5], [5]],
    loss: (teacher: Tensor3D, student: Tensor3D, center: Tensor1D) =>
      dinoLoss(teacher, student, { center, teacherTemperature: 0.5, studentTemperature: 0.7 }),
    naive: (teacher: M[], student: M[], center: number[]) => {
      const targets = teacher.map((view) =>
        view.map((row) => plain.logSoftmax(row.map((value, d) => (value - at(center, d)) / 0.5)).map(Math.exp)),
      );
      const logs = student.map((view) => view.map((row) => plain.logSoftmax(row.map((value) => value / 0.7))));
      const terms = targets.flatMap((t, i) =>
        logs.flatMap((s, j) => (i === j ? [] : t.map((row, b) => -plain.dot(row, at(s, b))))),
      );
      return mean(terms);
    },
    differentiable: [1],
  },
  {
    name: 'crossEntropy, smoothing, ignored labels',
    shapes: (rows) => [[rows, 4, 6]],
    loss: (logits: Tensor) => {
      const rows = logits.shape[0] as number;
      const labels = kept(`tokens ${rows}`, () => tf.tensor2d(tokens(rows), undefined, 'int32'));
      return crossEntropy(logits, labels, { labelSmoothing: 0.1, ignoreLabel: 5 });
    },
    naive: (logits: M[]) => {
      const labels = tokens(logits.length);
      return mean(
        logits.flatMap((sentence, i) =>
          sentence.flatMap((row, t) => {
            const label = at(at(labels, i), t);
            const logs = plain.logSoftmax(row);
            return label === 5 ? [] : [-0.9 * at(logs, label) - 0.1 * mean(logs)];
          }),
        ),
      );
    },
  },
  {
    name: 'binaryCrossEntropy',
    shapes: (rows) => [
      [rows, 3],
      [rows, 3],
    ],
    loss: (logits: Tensor, targets: Tensor) => binaryCrossEntropy(logits, targets),
    naive: (logits: M, targets: M) =>
      mean(logits.flatMap((row, i) => row.map((l, j) => softplus(l) - l * at(at(targets, i), j)))),
    uniform: [1],
  },
];

function matches(rows: number): number[] {
  return indices(rows).map((i) => (i % 2 === 0 ? 1 : 0));
}

/** Token labels 0 to 5, of which 5 is padding. */
function tokens(rows: number): number[][] {
  return indices(rows).map((i) => indices(4).map((t) => (3 * i + 2 * t) % 6));
}
