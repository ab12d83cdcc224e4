import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';
import { describeForms, equalRows, type Form, noise, orthonormal, softplus } from './closed-form.js';

useTestBackend();

const { log, exp, sqrt } = Math;

const metric: Form[] = [
  [
    'hadsellContrastive: a match at distance 3 is 9/2',
    () => losses.hadsellContrastive(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 0]]), tf.tensor1d([1])),
    4.5,
  ],
  [
    'hadsellContrastive: a non-match at distance 3 of margin 5 is 2',
    () => losses.hadsellContrastive(tf.tensor2d([[0, 0]]), tf.tensor2d([[3, 0]]), tf.tensor1d([0]), { margin: 5 }),
    2,
  ],
  [
    'marginContrastive: positives at 0, negatives at sqrt 2, delta 2',
    () => losses.marginContrastive(orthonormal(3), orthonormal(3), { delta: 2 }),
    2 - sqrt(2),
  ],
  [
    'tripletLoss of equal rows is the margin',
    () => losses.tripletLoss(equalRows(4), equalRows(4), { margin: 0.3 }),
    0.3,
  ],
  ['tripletLoss of solved triplets is 0', () => losses.tripletLoss(orthonormal(4), orthonormal(4), { margin: 1.4 }), 0],
  [
    'tripletLoss with a soft margin of equal rows',
    () => losses.tripletLoss(equalRows(4), equalRows(4), { margin: 0, softMargin: true }),
    log(2),
  ],
  [
    'tripletLoss with several mined negatives: their mean distance, (1 + 3) / 2',
    () =>
      losses.tripletLoss(tf.tensor2d([[0]]), tf.tensor2d([[1.5], [1], [3], [9]]), {
        margin: 1,
        pairs: losses.pairsByLabel([0], [0, 1, 1, 1]),
        mining: (d, p) => losses.hardNegatives(d, p, { count: 2 }),
      }),
    0.5,
  ],
  ['vsePlusPlus of equal rows is 2 B margin', () => losses.vsePlusPlus(equalRows(4), equalRows(4)), 1.6],
  [
    'vsePlusPlus, sum of hinges, of equal rows is 2 B (B - 1) margin',
    () => losses.vsePlusPlus(equalRows(4), equalRows(4), { hardest: false }),
    4.8,
  ],
  [
    'multiSimilarityLoss of equal rows',
    () => losses.multiSimilarityLoss(equalRows(4), equalRows(4), { beta: 4 }),
    log(1 + exp(-1)) / 2 + log(1 + 3 * exp(2)) / 4,
  ],
  [
    'circleLoss at its optimum: s_p = 1, s_n = 0',
    () => losses.circleLoss(orthonormal(2), orthonormal(2), { margin: 0.5, scale: 4 }),
    softplus(-4 * 0.5 * 0.5 + 4 * 0.5 * -0.5),
  ],
  ['proxyNca of equal proxies is log C', () => losses.proxyNca(noise(4, 3, 1), [0, 1, 2, 0], equalRows(3)), log(3)],
  [
    'arcFace without margin is a scaled softmax',
    () => losses.arcFace(orthonormal(3), [0, 1, 2], orthonormal(3), { margin: 0, scale: 2 }),
    log(1 + 2 * exp(-2)),
  ],
  [
    'arcFace at angle 0: target cos m',
    () => losses.arcFace(orthonormal(2), [0, 1], orthonormal(2), { margin: 0.5, scale: 2 }),
    log(exp(2 * Math.cos(0.5)) + 1) - 2 * Math.cos(0.5),
  ],
  ['vicReg of equal rows: only the variance term', () => losses.vicReg(equalRows(4), equalRows(4)), 25 * (1 - 0.01)],
  [
    'barlowTwins of equal, uncorrelated views is 0',
    () =>
      losses.barlowTwins(
        tf.tensor2d([
          [1, 1],
          [1, -1],
          [-1, 1],
          [-1, -1],
        ]),
        tf.tensor2d([
          [1, 1],
          [1, -1],
          [-1, 1],
          [-1, -1],
        ]),
      ),
    0,
  ],
  [
    'barlowTwins of opposite views: (1 - C_ii)^2 = 4 each',
    () =>
      losses.barlowTwins(
        tf.tensor2d([
          [1, 1],
          [1, -1],
          [-1, 1],
          [-1, -1],
        ]),
        tf.tensor2d([
          [-1, -1],
          [-1, 1],
          [1, -1],
          [1, 1],
        ]),
      ),
    8,
    1e-3,
  ],
  [
    'alignmentLoss of opposite rows is 2^alpha',
    () => losses.alignmentLoss(noise(4, 3, 1), tf.neg(noise(4, 3, 1)), { alpha: 3 }),
    8,
  ],
  ['uniformityLoss of equal rows is 0', () => losses.uniformityLoss(equalRows(5)), 0],
  [
    'uniformityLoss of two opposite points is -4t',
    () =>
      losses.uniformityLoss(
        tf.tensor2d([
          [1, 0],
          [-1, 0],
        ]),
        { sharpness: 2 },
      ),
    -8,
  ],
  ['dinoLoss of flat distributions is log C', () => losses.dinoLoss(tf.zeros([2, 3, 5]), tf.zeros([4, 3, 5])), log(5)],
  [
    'crossEntropy of flat logits is log C',
    () => losses.crossEntropy(tf.zeros([4, 10]), tf.zeros([4], 'int32')),
    log(10),
  ],
  ['crossEntropy of logits of 1e4', () => losses.crossEntropy(tf.tensor2d([[1e4, 0]]), tf.tensor1d([1], 'int32')), 1e4],
  [
    'crossEntropy of ignored labels only is 0',
    () => losses.crossEntropy(noise(3, 4, 1), tf.zeros([3], 'int32'), { ignoreLabel: 0 }),
    0,
  ],
  [
    'binaryCrossEntropy of zero logits is log 2',
    () => losses.binaryCrossEntropy(tf.zeros([4]), tf.tensor1d([0, 1, 0.5, 1])),
    log(2),
  ],
];

describeForms('metric losses', metric);
