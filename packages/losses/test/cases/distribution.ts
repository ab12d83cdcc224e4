import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import {
  cka,
  coral,
  energyDistance,
  gaussianKernel,
  hsic,
  linearKernel,
  mmd,
  polynomialKernel,
  sinkhornCost,
  sinkhornDivergence,
  sliceDirections,
  slicedWasserstein,
  wasserstein1d,
} from '../../src/index.js';
import * as plain from '../naive.js';
import { kept } from './kept.js';
import type { LossCase } from './loss-case.js';

const { at, euclidean, indices, mean, squared, sum, table } = plain;
type M = plain.Matrix;
type RowKernel = (x: number[], y: number[]) => number;

/** Unequal sample sizes: n rows against n + 2. */
const samples = (rows: number) => [
  [rows, 4],
  [rows + 2, 4],
];
const equalSamples = (rows: number) => [
  [rows, 4],
  [rows, 4],
];

const gaussian =
  (sigmas: number[]): RowKernel =>
  (x, y) =>
    sum(sigmas.map((s) => Math.exp(-squared(x, y) / (2 * s * s))));

function naiveMmd(x: M, y: M, kernel: RowKernel, unbiased = false): number {
  const within = (z: M) => {
    const values = z.flatMap((p, i) => z.filter((_, j) => !unbiased || j !== i).map((q) => kernel(p, q)));
    return mean(values);
  };
  return within(x) + within(y) - 2 * mean(table(x, y, kernel).flat());
}

function naiveLinearTime(x: M, y: M, kernel: RowKernel): number {
  return mean(
    indices(x.length).map((i) => {
      const next = (i + 1) % x.length;
      const [a, b, c, d] = [at(x, i), at(x, next), at(y, i), at(y, next)];
      return kernel(a, b) + kernel(c, d) - kernel(a, d) - kernel(b, c);
    }),
  );
}

const medianDistance = (z: M): number => {
  const sorted = z.flatMap((p, i) => z.slice(0, i).map((q) => euclidean(p, q))).sort((p, q) => p - q);
  const half = sorted.length / 2;
  return (at(sorted, Math.ceil(half) - 1) + at(sorted, Math.floor(half))) / 2;
};

/** W_p^p by the definition: the mean over many copies, so that both samples have n m points. */
function naiveWasserstein(u: number[], v: number[], power: number): number {
  const ascending = (x: number[], copies: number) =>
    [...x].sort((p, q) => p - q).flatMap((value) => new Array<number>(copies).fill(value));
  const [p, q] = [ascending(u, v.length), ascending(v, u.length)];
  return mean(p.map((value, i) => Math.abs(value - at(q, i)) ** power));
}

const directions = (): Tensor2D => kept('directions', () => sliceDirections(6, 4, { seed: 3 }));

function naiveHsic(x: M, y: M, kx: RowKernel, ky: RowKernel): number {
  const centre = (k: M) => {
    const rows = k.map(mean);
    return k.map((row, i) => row.map((value, j) => value - at(rows, i) - at(rows, j) + mean(rows)));
  };
  const [k, l] = [centre(table(x, x, kx)), centre(table(y, y, ky))];
  return sum(k.flatMap((row, i) => row.map((value, j) => value * at(at(l, i), j))));
}

/** Sinkhorn on plain numbers, to convergence; the objective <P, C> + epsilon KL. */
function naiveSinkhorn(x: M, y: M, epsilon: number): number {
  const c = table(x, y, squared);
  const [n, m] = [x.length, y.length];
  let f: number[] = new Array(n).fill(0);
  let g: number[] = new Array(m).fill(0);
  for (let iteration = 0; iteration < 2000; iteration++) {
    f = c.map((row) => -epsilon * plain.logSumExp(row.map((cost, j) => (at(g, j) - cost) / epsilon - Math.log(m))));
    g = indices(m).map(
      (j) => -epsilon * plain.logSumExp(c.map((row, i) => (at(f, i) - at(row, j)) / epsilon - Math.log(n))),
    );
  }
  return mean(f) + mean(g); // the dual value, equal to the primal one at convergence
}

export const distributionCases: LossCase[] = [
  {
    name: 'mmd, linear kernel',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { kernel: linearKernel() }),
    naive: (x: M, y: M) => squared(plain.columnMeans(x), plain.columnMeans(y)),
  },
  ...(['biased', 'unbiased'] as const).map(
    (estimator): LossCase => ({
      name: `mmd, ${estimator}, several bandwidths`,
      shapes: samples,
      loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { estimator, kernel: gaussianKernel({ sigma: [1, 2, 4] }) }),
      naive: (x: M, y: M) => naiveMmd(x, y, gaussian([1, 2, 4]), estimator === 'unbiased'),
      refuses: estimator === 'unbiased' ? { 'one row': 'two rows are needed' } : {},
    }),
  ),
  {
    name: 'mmd, unbiased, polynomial kernel',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { estimator: 'unbiased', kernel: polynomialKernel() }),
    naive: (x: M, y: M) => naiveMmd(x, y, (p, q) => (plain.dot(p, q) / 4 + 1) ** 3, true),
    refuses: { 'one row': 'two rows are needed' },
    gradient: { rtol: 2e-2, atol: 2e-3 },
  },
  {
    name: 'mmd, linear-time',
    shapes: equalSamples,
    loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { estimator: 'linear-time', kernel: gaussianKernel({ sigma: 2 }) }),
    naive: (x: M, y: M) => naiveLinearTime(x, y, gaussian([2])),
  },
  {
    name: 'mmd, median heuristic',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { kernel: gaussianKernel({ sigma: 'median', factors: [0.5, 1] }) }),
    naive: (x: M, y: M) => {
      const median = medianDistance([...x, ...y]);
      return naiveMmd(x, y, gaussian([0.5 * median, median]));
    },
    noGradientCheck: 'the bandwidth is a constant by definition; its gradient is that of fixed sigmas, checked above',
  },
  {
    name: 'mmd, mean heuristic',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => mmd(x, y, { kernel: gaussianKernel({ sigma: 'mean' }) }),
    naive: (x: M, y: M) => {
      const z = [...x, ...y];
      const pairs = z.flatMap((p, i) => z.slice(0, i).map((q) => squared(p, q)));
      return naiveMmd(x, y, gaussian([Math.sqrt(mean(pairs) / 2)]));
    },
    noGradientCheck: 'the bandwidth is a constant by definition',
  },
  ...[false, true].map(
    (means): LossCase => ({
      name: `coral${means ? ', with means' : ''}`,
      shapes: samples,
      loss: (x: Tensor2D, y: Tensor2D) => coral(x, y, { means }),
      naive: (x: M, y: M) => {
        const [p, q] = [plain.covariance(x), plain.covariance(y)];
        const difference = mean(p.flatMap((row, i) => row.map((value, j) => (value - at(at(q, i), j)) ** 2)));
        return means ? squared(plain.columnMeans(x), plain.columnMeans(y)) / 4 + difference : difference / 4;
      },
    }),
  ),
  ...([1, 2] as const).flatMap((power) =>
    [equalSamples, samples].map(
      (shapes): LossCase => ({
        name: `slicedWasserstein, power ${power}, ${shapes === samples ? 'unequal' : 'equal'} sizes`,
        shapes,
        loss: (x: Tensor2D, y: Tensor2D) => slicedWasserstein(x, y, { directions: directions(), power, root: false }),
        naive: (x: M, y: M) => {
          const axes = directions().arraySync();
          const project = (z: M, axis: number[]) => z.map((row) => plain.dot(row, axis));
          return mean(axes.map((axis) => naiveWasserstein(project(x, axis), project(y, axis), power)));
        },
      }),
    ),
  ),
  {
    name: 'slicedWasserstein, root, seeded',
    shapes: equalSamples,
    loss: (x: Tensor2D, y: Tensor2D) => slicedWasserstein(x, y, { projections: 8, seed: 2 }),
    gradient: { step: 2e-3, atol: 5e-4 },
  },
  {
    name: 'wasserstein1d',
    shapes: (rows) => [[rows], [rows + 3]],
    loss: (u: Tensor1D, v: Tensor1D) => wasserstein1d(u, v),
    naive: (u: number[], v: number[]) => naiveWasserstein(u, v, 1),
  },
  ...[true, false].map(
    (root): LossCase => ({
      name: `energyDistance${root ? ', root' : ''}`,
      shapes: samples,
      loss: (x: Tensor2D, y: Tensor2D) => energyDistance(x, y, { root }),
      naive: (x: M, y: M) => {
        const average = (p: M, q: M) => mean(table(p, q, euclidean).flat());
        const value = 2 * average(x, y) - average(x, x) - average(y, y);
        return root ? Math.sqrt(value) : value;
      },
    }),
  ),
  ...(['n', 'n-1'] as const).map(
    (normaliser): LossCase => ({
      name: `hsic, normaliser ${normaliser}`,
      shapes: (rows) => [
        [rows, 4],
        [rows, 3],
      ],
      loss: (x: Tensor2D, y: Tensor2D) =>
        hsic(x, y, { kernelX: gaussianKernel({ sigma: 2 }), kernelY: linearKernel(), normaliser }),
      naive: (x: M, y: M) =>
        naiveHsic(x, y, gaussian([2]), plain.dot) / (normaliser === 'n' ? x.length ** 2 : (x.length - 1) ** 2),
    }),
  ),
  {
    name: 'cka, linear',
    shapes: (rows) => [
      [rows, 4],
      [rows, 3],
    ],
    loss: (x: Tensor2D, y: Tensor2D) => cka(x, y),
    naive: (x: M, y: M) =>
      naiveHsic(x, y, plain.dot, plain.dot) /
      Math.sqrt(naiveHsic(x, x, plain.dot, plain.dot) * naiveHsic(y, y, plain.dot, plain.dot)),
  },
  {
    name: 'cka, Gaussian kernel',
    shapes: (rows) => [
      [rows, 4],
      [rows, 3],
    ],
    loss: (x: Tensor2D, y: Tensor2D) => cka(x, y, { kernel: gaussianKernel({ sigma: 2 }) }),
    naive: (x: M, y: M) => {
      const k = gaussian([2]);
      return naiveHsic(x, y, k, k) / Math.sqrt(naiveHsic(x, x, k, k) * naiveHsic(y, y, k, k));
    },
  },
  {
    name: 'sinkhornCost',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => sinkhornCost(x, y, { epsilon: 2, iterations: 60 }),
    naive: (x: M, y: M) => naiveSinkhorn(x, y, 2),
    rtol: 1e-4,
  },
  {
    name: 'sinkhornDivergence',
    shapes: samples,
    loss: (x: Tensor2D, y: Tensor2D) => sinkhornDivergence(x, y, { epsilon: 2, iterations: 60 }),
    naive: (x: M, y: M) => naiveSinkhorn(x, y, 2) - 0.5 * naiveSinkhorn(x, x, 2) - 0.5 * naiveSinkhorn(y, y, 2),
    rtol: 1e-4,
    gradient: { rtol: 2e-2, atol: 2e-3 },
  },
];
