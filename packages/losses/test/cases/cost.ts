import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  alignmentAngle,
  alignmentDistance,
  crossModalCost,
  infoNce,
  modalityAdversary,
  semanticSimilarity,
  similarityCrossEntropy,
} from '../../src/index.js';
import * as plain from '../naive.js';
import { kept } from './kept.js';
import type { LossCase } from './loss-case.js';

const { at, cosine, euclidean, labelsFor, logSumExp, mean, squared, table } = plain;
type M = plain.Matrix;

const pair = (rows: number) => [
  [rows, 5],
  [rows, 5],
];

const mixedCost = crossModalCost<{ a: Tensor2D; b: Tensor2D }>({
  crossModal: { nce: ({ a, b }) => infoNce(a, b, { temperature: 0.5 }) },
  regularisers: { similarity: ({ a, b }) => semanticSimilarity(a, b), angle: ({ a, b }) => alignmentAngle(a, b) },
  lambda: 0.5,
  weights: { similarity: 0.25, angle: (step) => step / 10 },
});

export const costCases: LossCase[] = [
  {
    name: 'semanticSimilarity, matched',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => semanticSimilarity(a, b),
    naive: (a: M, b: M) => -mean(a.map((x, i) => cosine(x, at(b, i)))),
  },
  {
    name: 'semanticSimilarity, all',
    shapes: (rows) => [
      [rows, 5],
      [rows + 2, 5],
    ],
    loss: (a: Tensor2D, b: Tensor2D) => semanticSimilarity(a, b, { over: 'all' }),
    naive: (a: M, b: M) => -mean(table(a, b, cosine).flat()),
  },
  {
    name: 'alignmentDistance, squared Euclidean',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => alignmentDistance(a, b),
    naive: (a: M, b: M) => mean(a.map((x, i) => squared(x, at(b, i)))),
  },
  {
    name: 'alignmentDistance, Euclidean',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => alignmentDistance(a, b, { distance: 'euclidean' }),
    naive: (a: M, b: M) => mean(a.map((x, i) => euclidean(x, at(b, i)))),
  },
  {
    name: 'alignmentDistance, Manhattan',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => alignmentDistance(a, b, { distance: 'manhattan' }),
    naive: (a: M, b: M) => mean(a.map((x, i) => plain.sum(plain.minus(x, at(b, i)).map(Math.abs)))),
  },
  ...(['radians', 'degrees'] as const).map(
    (unit): LossCase => ({
      name: `alignmentAngle, ${unit}`,
      shapes: pair,
      loss: (a: Tensor2D, b: Tensor2D) => alignmentAngle(a, b, { unit }),
      naive: (a: M, b: M) =>
        mean(a.map((x, i) => Math.acos(cosine(x, at(b, i))))) * (unit === 'degrees' ? 180 / Math.PI : 1),
      gradient: { atol: unit === 'degrees' ? 5e-3 : 1e-4 },
    }),
  ),
  {
    name: 'similarityCrossEntropy',
    shapes: (rows) => [
      [rows, 5],
      [3, 5],
    ],
    loss: (x: Tensor2D, candidates: Tensor2D) =>
      similarityCrossEntropy(
        x,
        candidates,
        kept(`classes ${x.shape[0]}`, () => tf.tensor1d(labelsFor(x.shape[0]), 'int32')),
        { temperature: 0.3 },
      ),
    naive: (x: M, candidates: M) =>
      mean(
        x.map((row, i) => {
          const logits = candidates.map((candidate) => cosine(row, candidate) / 0.3);
          return logSumExp(logits) - at(logits, i % 3);
        }),
      ),
  },
  {
    name: 'modalityAdversary',
    shapes: (rows) => [
      [rows, 5],
      [rows + 1, 5],
      [5, 2],
    ],
    loss: (a: Tensor2D, b: Tensor2D, w: Tensor2D) => modalityAdversary([a, b], (x) => tf.matMul(x, w), { lambda: 0.5 }),
    naive: (a: M, b: M, w: M) =>
      mean(
        [...a, ...b].map((row, i) => {
          const logits = plain.transpose(w).map((column) => plain.dot(row, column));
          return logSumExp(logits) - at(logits, i < a.length ? 0 : 1);
        }),
      ),
    differentiable: [2], // the embeddings' gradient is reversed on purpose, and tested on its own
  },
  {
    name: 'crossModalCost',
    shapes: pair,
    loss: (a: Tensor2D, b: Tensor2D) => {
      const { loss, ...terms } = mixedCost({ a, b }, { step: 2 });
      tf.dispose(terms);
      return loss;
    },
    naive: (a: M, b: M) => {
      const s = table(a, b, (x, y) => cosine(x, y) / 0.5);
      const rows = (logits: M) => mean(logits.map((row, i) => logSumExp(row) - at(row, i)));
      const matched = a.map((x, i) => cosine(x, at(b, i)));
      return 0.25 * (rows(s) + rows(plain.transpose(s))) - 0.25 * mean(matched) + 0.2 * mean(matched.map(Math.acos));
    },
  },
];
