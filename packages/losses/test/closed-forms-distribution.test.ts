import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';
import { describeForms, equalRows, type Form, noise, orthonormal } from './closed-form.js';

useTestBackend();

const { log, exp, sqrt, PI } = Math;

/** The mean of exp(-(x - y)^2 / (2 s^2)). */
function meanKernel(x: number[], y: number[], s: number): number {
  const values = x.flatMap((p) => y.map((q) => exp(-((p - q) ** 2) / (2 * s * s))));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const distribution: Form[] = [
  [
    'mmd of two points: 2 - 2 exp(-d^2 / 2 s^2)',
    () => losses.mmd(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]]), { kernel: losses.gaussianKernel({ sigma: 5 }) }),
    2 - 2 * exp(-0.5),
  ],
  [
    'mmd with the median heuristic: the one distance is the bandwidth',
    () => losses.mmd(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]])),
    2 - 2 * exp(-0.5),
  ],
  [
    'mmd, median of an even number of distances: 1, 2, 3, 4, 6, 7',
    () => losses.mmd(tf.tensor2d([[0], [1]]), tf.tensor2d([[3], [7]])),
    meanKernel([0, 1], [0, 1], 3.5) + meanKernel([3, 7], [3, 7], 3.5) - 2 * meanKernel([0, 1], [3, 7], 3.5),
  ],
  ['mmd of a sample with itself is 0', () => losses.mmd(noise(5, 3, 1), noise(5, 3, 1)), 0],
  [
    'coral of x and 2x: ||3 C||^2 / (4 d^2)',
    () =>
      losses.coral(
        tf.tensor2d([
          [1, 0],
          [-1, 0],
        ]),
        tf.tensor2d([
          [2, 0],
          [-2, 0],
        ]),
      ),
    36 / 16,
  ],
  [
    'coral ignores a shift, coral with means does not',
    () => losses.coral(noise(4, 2, 1), tf.add(noise(4, 2, 1), 3), { means: true }),
    9,
  ],
  ['wasserstein1d of a shift by 2', () => losses.wasserstein1d(tf.tensor1d([3, 1, 2]), tf.tensor1d([5, 3, 4])), 2],
  ['wasserstein1d of 1 point to 2', () => losses.wasserstein1d(tf.tensor1d([0]), tf.tensor1d([1, 3]), { power: 2 }), 5],
  [
    'slicedWasserstein of a shift along the only axis',
    () => losses.slicedWasserstein(noise(6, 1, 1), tf.add(noise(6, 1, 1), 1.5) as Tensor2D),
    1.5,
  ],
  [
    'energyDistance of two points is sqrt(2 d)',
    () => losses.energyDistance(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]])),
    sqrt(10),
  ],
  ['hsic with a constant is 0', () => losses.hsic(noise(5, 3, 1), equalRows(5)), 0],
  [
    'hsic of one split into halves, linear kernels',
    () =>
      losses.hsic(tf.tensor2d([[1], [-1]]), tf.tensor2d([[1], [-1]]), {
        kernelX: losses.linearKernel(),
        kernelY: losses.linearKernel(),
      }),
    4,
  ],
  [
    'cka of x with a rotated, scaled, shifted x is 1',
    () =>
      losses.cka(
        noise(6, 2, 1),
        tf.add(
          tf.mul(
            7,
            tf.matMul(
              noise(6, 2, 1),
              tf.tensor2d([
                [0.6, -0.8],
                [0.8, 0.6],
              ]),
            ),
          ),
          3,
        ) as Tensor2D,
      ),
    1,
  ],
  ['cka with a constant is 0', () => losses.cka(noise(6, 2, 1), tf.fill([6, 3], 0.1)), 0],
  [
    'cka with a constant is 0, Gaussian kernel',
    () => losses.cka(noise(6, 2, 1), tf.fill([6, 3], 0.1), { kernel: losses.gaussianKernel({ sigma: 1 }) }),
    0,
  ],
  [
    'sinkhornCost between two points is their distance',
    () => losses.sinkhornCost(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 4]]), { iterations: 5 }),
    25,
  ],
  [
    'sinkhornDivergence of a sample with itself is 0',
    () => losses.sinkhornDivergence(noise(5, 3, 1), noise(5, 3, 1), { epsilon: 1 }),
    0,
  ],
  [
    'sinkhornDivergence of a shift by c is |c|^2',
    () =>
      losses.sinkhornDivergence(noise(5, 2, 1), tf.add(noise(5, 2, 1), tf.tensor1d([3, 4])) as Tensor2D, {
        epsilon: 1,
        iterations: 300,
      }),
    25,
    1e-3,
  ],
];

const cost: Form[] = [
  ['semanticSimilarity of equal rows is -1', () => losses.semanticSimilarity(noise(4, 3, 1), noise(4, 3, 1)), -1],
  [
    'semanticSimilarity over all pairs of orthonormal rows is -1/B',
    () => losses.semanticSimilarity(orthonormal(4), orthonormal(4), { over: 'all' }),
    -0.25,
  ],
  [
    'alignmentDistance of a shift',
    () => losses.alignmentDistance(noise(4, 2, 1), tf.add(noise(4, 2, 1), tf.tensor1d([3, 4])) as Tensor2D),
    25,
    1e-5,
  ],
  [
    'alignmentAngle of orthogonal rows is 90 degrees',
    () => losses.alignmentAngle(tf.tensor2d([[2, 0]]), tf.tensor2d([[0, 5]]), { unit: 'degrees' }),
    90,
  ],
  [
    'alignmentAngle of opposite rows is pi',
    () => losses.alignmentAngle(tf.tensor2d([[2, 1]]), tf.tensor2d([[-4, -2]])),
    PI,
  ],
  [
    'alignmentAngle of nearly equal rows keeps its digits',
    () => losses.alignmentAngle(tf.tensor2d([[1, 0]]), tf.tensor2d([[1, 1e-4]])),
    1e-4,
    1e-8,
  ],
  [
    'similarityCrossEntropy of equal candidates is log C',
    () => losses.similarityCrossEntropy(noise(4, 3, 1), equalRows(5), tf.zeros([4], 'int32')),
    log(5),
  ],
  [
    'modalityAdversary of a classifier that cannot tell is log M',
    () =>
      losses.modalityAdversary([noise(4, 3, 1), noise(2, 3, 2), noise(3, 3, 3)], (x) => tf.matMul(x, tf.zeros([3, 3]))),
    log(3),
  ],
];

describeForms('distances between distributions', distribution);
describeForms('terms of a cost', cost);
