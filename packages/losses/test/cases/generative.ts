import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  type AdversarialKind,
  bernoulliLogLikelihood,
  categoricalLogLikelihood,
  discriminatorLoss,
  elbo,
  freeBits,
  ganClsLoss,
  gaussianLogLikelihood,
  generatorLoss,
  gradientPenalty,
  iwaeBound,
  klGaussians,
  klSampled,
  klStandardNormal,
  matchingAwareGradientPenalty,
  squaredGradientPenalty,
} from '../../src/index.js';
import * as plain from '../naive.js';
import { kept, negative, negativeMean } from './kept.js';
import type { LossCase } from './loss-case.js';

const { at, indices, mean, relu, softplus, sum } = plain;
type M = plain.Matrix;

const logits = (rows: number) => [[rows], [rows]];
const two = (rows: number) => [
  [rows, 4],
  [rows, 4],
];
/** exp(1e4) is infinite, rightly. */
const variance = { large: 'a log variance of 1e4 has no finite variance' };

const naiveDiscriminator: Record<AdversarialKind, (r: number[], f: number[]) => number> = {
  minimax: (r, f) => mean(r.map((v) => softplus(-v))) + mean(f.map(softplus)),
  'non-saturating': (r, f) => mean(r.map((v) => softplus(-v))) + mean(f.map(softplus)),
  'least-squares': (r, f) => 0.5 * mean(r.map((v) => (v - 1) ** 2)) + 0.5 * mean(f.map((v) => v ** 2)),
  hinge: (r, f) => mean(r.map((v) => relu(1 - v))) + mean(f.map((v) => relu(1 + v))),
  wasserstein: (r, f) => mean(f) - mean(r),
};
const naiveGenerator: Record<AdversarialKind, (f: number[]) => number> = {
  minimax: (f) => -mean(f.map(softplus)),
  'non-saturating': (f) => mean(f.map((v) => softplus(-v))),
  'least-squares': (f) => 0.5 * mean(f.map((v) => (v - 1) ** 2)),
  hinge: (f) => -mean(f),
  wasserstein: (f) => -mean(f),
};
const kinds = Object.keys(naiveDiscriminator) as AdversarialKind[];

/** D(x) = tanh(x w1) w2, by loops: its value's gradient with respect to x. */
function criticGradient(x: number[], w1: M, w2: M): number[] {
  const hidden = indices(at(w1, 0).length).map((h) => Math.tanh(sum(x.map((value, d) => value * at(at(w1, d), h)))));
  return indices(x.length).map((d) => sum(hidden.map((t, h) => (1 - t * t) * at(at(w2, h), 0) * at(at(w1, d), h))));
}
const critic = (w1: Tensor2D, w2: Tensor2D) => (x: Tensor) =>
  tf.tidy(() => tf.matMul(tf.tanh(tf.matMul(x as Tensor2D, w1)), w2));

const klTerm = (m: number, l: number): number => 0.5 * (Math.exp(l) + m * m - 1 - l);
const logNormal = (x: number, m: number, l: number): number =>
  -0.5 * (Math.log(2 * Math.PI) + l + (x - m) ** 2 / Math.exp(l));
const each = (x: M, f: (value: number, i: number, d: number) => number): number[][] =>
  x.map((row, i) => row.map((value, d) => f(value, i, d)));

export const generativeCases: LossCase[] = [
  ...kinds.flatMap((kind): LossCase[] => [
    {
      name: `discriminatorLoss, ${kind}`,
      shapes: logits,
      loss: (real: Tensor, fake: Tensor) => discriminatorLoss(real, fake, { kind }),
      naive: naiveDiscriminator[kind],
    },
    {
      name: `generatorLoss, ${kind}`,
      shapes: (rows) => [[rows]],
      loss: (fake: Tensor) => generatorLoss(fake, { kind }),
      naive: naiveGenerator[kind],
    },
  ]),
  {
    name: 'discriminatorLoss, real label 0.9',
    shapes: logits,
    loss: (real: Tensor, fake: Tensor) => discriminatorLoss(real, fake, { realLabel: 0.9 }),
    naive: (r: number[], f: number[]) =>
      mean(r.map((v) => 0.9 * softplus(-v) + 0.1 * softplus(v))) + mean(f.map(softplus)),
  },
  {
    name: 'ganClsLoss',
    shapes: (rows) => [[rows], [rows], [rows]],
    loss: (real: Tensor, mismatched: Tensor, fake: Tensor) => ganClsLoss(real, mismatched, fake),
    naive: (r: number[], w: number[], f: number[]) =>
      mean(r.map((v) => softplus(-v))) + 0.5 * (mean(w.map(softplus)) + mean(f.map(softplus))),
  },
  {
    name: 'gradientPenalty',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [4, 3],
      [3, 1],
    ],
    loss: (real: Tensor, fake: Tensor, w1: Tensor2D, w2: Tensor2D) =>
      gradientPenalty(critic(w1, w2), real, fake, {
        epsilon: kept(`quarter ${real.shape[0]}`, () => tf.fill([real.shape[0] as number], 0.25)),
      }),
    naive: (real: M, fake: M, w1: M, w2: M) =>
      mean(
        real.map(
          (x, i) =>
            (plain.norm(
              criticGradient(
                x.map((v, d) => 0.25 * v + 0.75 * at(at(fake, i), d)),
                w1,
                w2,
              ),
            ) -
              1) **
            2,
        ),
      ),
  },
  {
    name: 'gradientPenalty, drawn points',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [4, 3],
      [3, 1],
    ],
    loss: (real: Tensor, fake: Tensor, w1: Tensor2D, w2: Tensor2D) =>
      gradientPenalty(critic(w1, w2), real, fake, { seed: 5 }),
  },
  {
    name: 'squaredGradientPenalty',
    shapes: (rows) => [
      [rows, 4],
      [4, 3],
      [3, 1],
    ],
    loss: (x: Tensor, w1: Tensor2D, w2: Tensor2D) => squaredGradientPenalty(critic(w1, w2), x),
    naive: (x: M, w1: M, w2: M) => mean(x.map((row) => plain.norm(criticGradient(row, w1, w2)) ** 2)),
  },
  {
    // D(x, c) = x A c: its gradients are A c and A^T x.
    name: 'matchingAwareGradientPenalty',
    shapes: (rows) => [
      [rows, 4],
      [rows, 3],
      [4, 3],
    ],
    loss: (x: Tensor, c: Tensor, a: Tensor2D) =>
      matchingAwareGradientPenalty((s, k) => tf.sum(tf.mul(tf.matMul(s as Tensor2D, a), k), 1), x, c, { power: 3 }),
    naive: (x: M, c: M, a: M) =>
      mean(
        x.map((row, i) => {
          const ofSample = a.map((weights) => sum(weights.map((w, k) => w * at(at(c, i), k))));
          const ofCondition = at(c, i).map((_, k) => sum(row.map((v, d) => v * at(at(a, d), k))));
          return (plain.norm(ofSample) + plain.norm(ofCondition)) ** 3;
        }),
      ),
  },
  {
    name: 'bernoulliLogLikelihood',
    shapes: two,
    uniform: [0],
    loss: (x: Tensor, l: Tensor) => negativeMean(bernoulliLogLikelihood(x, l)),
    naive: (x: M, l: M) => mean(each(x, (v, i, d) => softplus(at(at(l, i), d)) - v * at(at(l, i), d)).map(sum)),
  },
  {
    name: 'gaussianLogLikelihood, learned variance',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [rows, 4],
    ],
    loss: (x: Tensor, m: Tensor, logVariance: Tensor) => negativeMean(gaussianLogLikelihood(x, m, { logVariance })),
    naive: (x: M, m: M, l: M) => -mean(each(x, (v, i, d) => logNormal(v, at(at(m, i), d), at(at(l, i), d))).map(sum)),
    refuses: variance,
  },
  {
    name: 'gaussianLogLikelihood, fixed variance, images',
    shapes: (rows) => [
      [rows, 2, 2, 1],
      [rows, 2, 2, 1],
    ],
    loss: (x: Tensor, m: Tensor) => negativeMean(gaussianLogLikelihood(x, m, { logVariance: -0.5 })),
    naive: (x: number[][], m: number[][]) => {
      const [p, q] = [x, m].map((images) => images.map((image) => (image as unknown as number[][]).flat(3))) as [M, M];
      return -mean(each(p, (v, i, d) => logNormal(v, at(at(q, i), d), -0.5)).map(sum));
    },
  },
  {
    name: 'categoricalLogLikelihood',
    shapes: (rows) => [[rows, 3, 5]],
    loss: (l: Tensor) => {
      const labels = kept(`words ${l.shape[0]}`, () => tf.tensor2d(words(l.shape[0] as number), undefined, 'int32'));
      return negativeMean(categoricalLogLikelihood(labels, l, { ignoreLabel: 4 }));
    },
    naive: (l: M[]) => {
      const labels = words(l.length);
      const terms = l.map((sentence, i) =>
        sum(
          sentence.map((row, t) => (at(at(labels, i), t) === 4 ? 0 : -at(plain.logSoftmax(row), at(at(labels, i), t)))),
        ),
      );
      return mean(terms);
    },
  },
  {
    name: 'klStandardNormal',
    shapes: two,
    loss: (m: Tensor, l: Tensor) => klStandardNormal(m, l),
    naive: (m: M, l: M) => mean(each(m, (v, i, d) => klTerm(v, at(at(l, i), d))).map(sum)),
    refuses: variance,
  },
  {
    name: 'klGaussians',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [rows, 4],
      [rows, 4],
    ],
    loss: (m: Tensor, l: Tensor, pm: Tensor, pl: Tensor) => klGaussians(m, l, pm, pl),
    naive: (m: M, l: M, pm: M, pl: M) =>
      mean(
        each(m, (v, i, d) => {
          const [lq, lp, mp] = [at(at(l, i), d), at(at(pl, i), d), at(at(pm, i), d)];
          return 0.5 * (lp - lq + Math.exp(lq - lp) + (v - mp) ** 2 / Math.exp(lp) - 1);
        }).map(sum),
      ),
    refuses: variance,
    gradient: { rtol: 2e-2, atol: 5e-3 },
  },
  {
    name: 'klSampled',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [rows, 4],
    ],
    loss: (z: Tensor, m: Tensor, l: Tensor) => klSampled(z, m, l),
    naive: (z: M, m: M, l: M) =>
      mean(each(z, (v, i, d) => logNormal(v, at(at(m, i), d), at(at(l, i), d)) - logNormal(v, 0, 0)).map(sum)),
    refuses: variance,
  },
  {
    name: 'freeBits',
    shapes: two,
    loss: (m: Tensor, l: Tensor) => freeBits(m, l, { floor: 0.8 }),
    naive: (m: M, l: M) =>
      sum(
        plain.transpose(each(m, (v, i, d) => klTerm(v, at(at(l, i), d)))).map((column) => Math.max(0.8, mean(column))),
      ),
    refuses: variance,
  },
  {
    name: 'elbo, beta 4',
    shapes: (rows) => [
      [rows, 4],
      [rows, 4],
      [rows, 2],
      [rows, 2],
    ],
    uniform: [0],
    loss: (x: Tensor, l: Tensor, m: Tensor, v: Tensor) =>
      tf.tidy(
        () =>
          tf.neg(
            elbo(bernoulliLogLikelihood(x, l), klStandardNormal(m, v, { reduction: 'none' }), { beta: 4 }),
          ) as Scalar,
      ),
    naive: (x: M, l: M, m: M, v: M) =>
      mean(each(x, (p, i, d) => softplus(at(at(l, i), d)) - p * at(at(l, i), d)).map(sum)) +
      4 * mean(each(m, (p, i, d) => klTerm(p, at(at(v, i), d))).map(sum)),
    refuses: variance,
  },
  {
    name: 'iwaeBound',
    shapes: (rows) => [[3, rows]],
    loss: (logWeights: Tensor2D) => negative(iwaeBound(logWeights)),
    naive: (w: M) => -mean(plain.transpose(w).map((column) => Math.log(mean(column.map(Math.exp))))),
  },
];

/** Labels 0 to 4, of which 4 is padding. */
function words(rows: number): number[][] {
  return indices(rows).map((i) => indices(3).map((t) => (2 * i + 3 * t) % 5));
}
