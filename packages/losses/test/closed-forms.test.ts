import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const { log, exp, sqrt, log1p, PI } = Math;
const softplus = (x: number): number => Math.max(x, 0) + log1p(exp(-Math.abs(x)));

/** All rows equal. */
const equalRows = (rows: number): Tensor2D => tf.tile(tf.tensor2d([[1, -2, 0.5]]), [rows, 1]);
/** Rows at right angles. */
const orthonormal = (rows: number): Tensor2D => tf.eye(rows);
const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;

/** The mean of exp(-(x - y)^2 / (2 s^2)). */
function meanKernel(x: number[], y: number[], s: number): number {
  const values = x.flatMap((p) => y.map((q) => exp(-((p - q) ** 2) / (2 * s * s))));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

type Form = [name: string, actual: () => Tensor, expected: number, tolerance?: number];

const contrastive: Form[] = [
  ['infoNce of equal rows is log B', () => losses.infoNce(equalRows(7), equalRows(7)), log(7)],
  [
    'infoNce of equal rows and 5 negatives, one way, is log(B + 5)',
    () => losses.infoNce(equalRows(7), equalRows(7), { negatives: equalRows(5), symmetric: false }),
    log(12),
  ],
  [
    'infoNce of orthonormal rows is log(1 + (B - 1) exp(-1/tau))',
    () => losses.infoNce(orthonormal(4), orthonormal(4), { temperature: 0.5 }),
    log(1 + 3 * exp(-2)),
  ],
  [
    'infoNce with a smoothed target adds eps (B - 1) / (B tau) there',
    () => losses.infoNce(orthonormal(4), orthonormal(4), { temperature: 0.5, labelSmoothing: 0.2 }),
    log(1 + 3 * exp(-2)) + 0.2 * 0.75 * 2,
  ],
  ['infoNce of one row is 0', () => losses.infoNce(equalRows(1), equalRows(1)), 0],
  [
    'infoNce of the wrong pairs is the whole margin, 1 / tau, at tau = 1e-3',
    () => losses.infoNce(orthonormal(2), tf.reverse(orthonormal(2), 0), { temperature: 1e-3 }),
    1000,
  ],
  [
    'infoNce of dot products of 1e4',
    () =>
      losses.infoNce(tf.mul(100, orthonormal(2)) as Tensor2D, tf.mul(100, tf.reverse(orthonormal(2), 0)) as Tensor2D, {
        similarity: 'dot',
        temperature: 1,
      }),
    1e4,
  ],
  [
    'infoNce with all pairs positive, form in, is 0',
    () =>
      losses.infoNce(noise(4, 3, 1), noise(4, 3, 2), {
        multiPositive: 'in',
        pairs: losses.pairsByLabel([1, 1, 1, 1], [1, 1, 1, 1]),
      }),
    0,
  ],
  ['distanceContrastive of equal rows is log B', () => losses.distanceContrastive(equalRows(6), equalRows(6)), log(6)],
  [
    'distanceContrastive of corners at distance sqrt 2',
    () => losses.distanceContrastive(orthonormal(3), orthonormal(3), { temperature: 0.5 }),
    log(1 + 2 * exp(-sqrt(2) / 0.5)),
  ],
  [
    'sigLip of equal rows',
    () => losses.sigLip(equalRows(5), equalRows(5), { scale: 3, bias: -1 }),
    softplus(-2) + 4 * softplus(2),
  ],
  ['ntXent of equal rows is log(2B - 1)', () => losses.ntXent(equalRows(4), equalRows(4)), log(7)],
  [
    'ntXent of orthonormal equal views',
    () => losses.ntXent(orthonormal(3), orthonormal(3), { temperature: 0.5 }),
    log(1 + 4 * exp(-2)),
  ],
  ['supCon of one class of equal rows is log(n - 1)', () => losses.supCon(equalRows(6), [1, 1, 1, 1, 1, 1]), log(5)],
  ['supCon without any positive is 0', () => losses.supCon(noise(3, 4, 1), [0, 1, 2]), 0],
  [
    'debiasedContrastive without correction is ntXent',
    () =>
      tf.sub(
        losses.debiasedContrastive(noise(5, 4, 1), noise(5, 4, 2), { positivePrior: 0 }),
        losses.ntXent(noise(5, 4, 1), noise(5, 4, 2)),
      ),
    0,
  ],
  [
    'debiasedContrastive of equal rows: N negatives count N',
    () => losses.debiasedContrastive(equalRows(4), equalRows(4), { positivePrior: 0.3 }),
    log(7),
  ],
  ['cyClipConsistency is 0 for b = a', () => losses.cyClipConsistency(noise(5, 4, 1), noise(5, 4, 1)), 0],
  [
    'cyClipConsistency of two rows, one turned by 90 degrees',
    () =>
      losses.cyClipConsistency(
        tf.tensor2d([
          [1, 0],
          [0, 1],
        ]),
        tf.tensor2d([
          [1, 0],
          [1, 0],
        ]),
        { inModal: 1, crossModal: 0 },
      ),
    1,
  ],
  ['negativeCosine of equal rows is -1', () => losses.negativeCosine(noise(5, 4, 1), noise(5, 4, 1)), -1],
];

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

const zeros = () => tf.zeros([6]);
const linear = (w: number[]) => (x: Tensor) => tf.matMul(x as Tensor2D, tf.tensor2d(w, [w.length, 1]));
const generative: Form[] = [
  ['discriminatorLoss of an undecided D is 2 log 2', () => losses.discriminatorLoss(zeros(), zeros()), 2 * log(2)],
  [
    'discriminatorLoss, least squares, of an undecided D',
    () => losses.discriminatorLoss(zeros(), zeros(), { kind: 'least-squares' }),
    0.5,
  ],
  [
    'discriminatorLoss, hinge, of a D beyond both margins is 0',
    () => losses.discriminatorLoss(tf.fill([4], 1.5), tf.fill([4], -2), { kind: 'hinge' }),
    0,
  ],
  [
    'discriminatorLoss, Wasserstein, is the difference of means',
    () => losses.discriminatorLoss(tf.fill([4], 1.5), tf.fill([4], -2), { kind: 'wasserstein' }),
    -3.5,
  ],
  [
    'generatorLoss, minimax, of an undecided D is -log 2',
    () => losses.generatorLoss(zeros(), { kind: 'minimax' }),
    -log(2),
  ],
  ['generatorLoss, non-saturating, of an undecided D is log 2', () => losses.generatorLoss(zeros()), log(2)],
  ['generatorLoss stays finite for logits of -1e4', () => losses.generatorLoss(tf.fill([4], -1e4)), 1e4],
  ['ganClsLoss of an undecided D is 2 log 2', () => losses.ganClsLoss(zeros(), zeros(), zeros()), 2 * log(2)],
  [
    'gradientPenalty of a linear critic is (||w|| - 1)^2',
    () => losses.gradientPenalty(linear([3, 4]), noise(5, 2, 1), noise(5, 2, 2)),
    16,
  ],
  [
    'gradientPenalty of a constant critic is 1',
    () => losses.gradientPenalty((x) => tf.mul(0, tf.sum(x, 1)), noise(5, 2, 1), noise(5, 2, 2)),
    1,
  ],
  [
    'squaredGradientPenalty of a linear critic is ||w||^2',
    () => losses.squaredGradientPenalty(linear([3, 4]), noise(5, 2, 1)),
    25,
  ],
  [
    'bernoulliLogLikelihood of zero logits is -D log 2',
    () => tf.mean(losses.bernoulliLogLikelihood(noise(3, 8, 1), tf.zeros([3, 8]))),
    -8 * log(2),
  ],
  [
    'gaussianLogLikelihood at the mean is -D/2 log(2 pi)',
    () => tf.mean(losses.gaussianLogLikelihood(noise(3, 8, 1), noise(3, 8, 1))),
    -4 * log(2 * PI),
  ],
  [
    'gaussianLogLikelihood, log variance 2, one deviation away',
    () => tf.mean(losses.gaussianLogLikelihood(tf.fill([3, 1], exp(1)), 0, { logVariance: 2 })),
    -0.5 * (log(2 * PI) + 2 + 1),
  ],
  [
    'categoricalLogLikelihood of flat logits is -T log C',
    () => tf.mean(losses.categoricalLogLikelihood(tf.ones([3, 4], 'int32'), tf.zeros([3, 4, 10]))),
    -4 * log(10),
  ],
  ['klStandardNormal of the prior is 0', () => losses.klStandardNormal(tf.zeros([3, 4]), tf.zeros([3, 4])), 0],
  ['klStandardNormal of a mean of 1 is D/2', () => losses.klStandardNormal(tf.ones([3, 4]), tf.zeros([3, 4])), 2],
  [
    'klGaussians of equal Gaussians is 0',
    () => losses.klGaussians(noise(3, 4, 1), noise(3, 4, 2), noise(3, 4, 1), noise(3, 4, 2)),
    0,
  ],
  [
    'klGaussians to the standard normal is klStandardNormal',
    () =>
      tf.sub(
        losses.klGaussians(noise(3, 4, 1), noise(3, 4, 2), tf.zeros([3, 4]), tf.zeros([3, 4])),
        losses.klStandardNormal(noise(3, 4, 1), noise(3, 4, 2)),
      ),
    0,
  ],
  [
    'klSampled at the prior is 0 whatever z',
    () => losses.klSampled(noise(3, 4, 1), tf.zeros([3, 4]), tf.zeros([3, 4])),
    0,
  ],
  ['freeBits at the prior is D floor', () => losses.freeBits(tf.zeros([3, 4]), tf.zeros([3, 4]), { floor: 0.25 }), 1],
  ['elbo subtracts beta KL', () => losses.elbo(tf.tensor1d([-3, -5]), tf.tensor1d([1, 2]), { beta: 2 }), -7],
  ['iwaeBound of equal weights is that weight, also at 1e4', () => losses.iwaeBound(tf.fill([5, 3], 1e4)), 1e4],
  [
    'iwaeBound of one dominating sample of K',
    () => losses.iwaeBound(tf.tensor2d([[0], [-1e4], [-1e4], [-1e4]])),
    -log(4),
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

for (const [family, forms] of Object.entries({ contrastive, metric, distribution, generative, cost })) {
  describe(family, () => {
    it.each(forms)('%s', (_name, actual, expected, tolerance) => {
      tf.tidy(() => {
        expect(actual()).toBeAllclose(expected, { rtol: 1e-5, atol: tolerance ?? 3e-6 });
      });
    });
  });
}

describe('gradients in closed form', () => {
  it('cosine losses: none for a zero vector, whatever the other side says', () => {
    tf.tidy(() => {
      const withZeroRow = tf.mul(noise(4, 3, 1), tf.tensor2d([[1], [0], [1], [1]])) as Tensor2D;
      for (const loss of [losses.infoNce, losses.ntXent, losses.sigLip, losses.vsePlusPlus, losses.alignmentLoss]) {
        const gradient = tf.grad((x) => loss(x as Tensor2D, noise(4, 3, 2)) as Scalar)(withZeroRow);
        const sizes = tf.sum(tf.abs(gradient), 1).dataSync();
        expect(sizes[1]).toBe(0);
        expect(Math.max(...sizes)).toBeGreaterThan(0.01);
      }
    });
  });

  it('infoNce: (softmax - 1) / tau at the matched similarities', () => {
    tf.tidy(() => {
      // For the dot product and b = I, d L / d a = (softmax(a / tau) - I) / (B tau).
      const a = noise(4, 4, 1);
      const f = (x: Tensor2D) =>
        losses.infoNce(x, orthonormal(4), { similarity: 'dot', temperature: 0.5, symmetric: false });
      const expected = tf.div(tf.sub(tf.softmax(tf.div(a, 0.5)), orthonormal(4)), 4 * 0.5);
      expect(tf.grad((x) => f(x as Tensor2D))(a)).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-7 });
    });
  });

  it('circleLoss: with its weights held constant', () => {
    tf.tidy(() => {
      const x = noise(6, 5, 3);
      const pairs = losses.pairsByLabel([0, 1, 2, 0, 1, 2]);
      const similarities = losses.cosineSimilarity(x, x);
      const weightOfPositives = tf.relu(tf.sub(1.4, similarities));
      const weightOfNegatives = tf.relu(tf.add(similarities, 0.4));
      const constantWeights = (z: Tensor2D) => {
        const s = losses.cosineSimilarity(z, z);
        const sumExp = (mask: Tensor2D, logits: Tensor) => tf.sum(tf.mul(mask, tf.exp(logits)), 1);
        const pull = sumExp(pairs.positive, tf.mul(tf.mul(-8, weightOfPositives), tf.sub(s, 0.6)));
        const push = sumExp(pairs.negative, tf.mul(tf.mul(8, weightOfNegatives), tf.sub(s, 0.4)));
        return tf.mean(tf.log1p(tf.mul(pull, push))) as Scalar;
      };
      const actual = tf.grad((z) => losses.circleLoss(z as Tensor2D, z as Tensor2D, { pairs, scale: 8 }))(x);
      const expected = tf.grad((z) => constantWeights(z as Tensor2D))(x);
      expect(tf.max(tf.abs(expected)).dataSync()[0]).toBeGreaterThan(0.05);
      expect(actual).toBeAllclose(expected, { rtol: 1e-4, atol: 1e-6 });
    });
  });

  it('negativeCosine and dinoLoss: none for the target', () => {
    tf.tidy(() => {
      const [p, z] = [noise(4, 3, 1), noise(4, 3, 2)];
      const [ofP, ofZ] = tf.grads(
        (x, y) => tf.add(losses.negativeCosine(x as Tensor2D, y as Tensor2D), tf.mul(0, tf.sum(y))) as Scalar,
      )([p, z]);
      expect(tf.max(tf.abs(ofP as Tensor)).dataSync()[0]).toBeGreaterThan(0.01);
      expect(tf.max(tf.abs(ofZ as Tensor)).dataSync()[0]).toBe(0);
    });
  });

  it('modalityAdversary: the reversed gradient for the embeddings, the ordinary one for the classifier', () => {
    tf.tidy(() => {
      const [a, b, w] = [noise(3, 4, 1), noise(5, 4, 2), noise(4, 2, 3)];
      const classify = (weights: Tensor) => (x: Tensor2D) => tf.matMul(x, weights as Tensor2D) as Tensor2D;
      const labels = tf.tensor1d([0, 0, 0, 1, 1, 1, 1, 1], 'int32');
      const adversary = (x: Tensor, y: Tensor, v: Tensor) =>
        losses.modalityAdversary([x as Tensor2D, y as Tensor2D], classify(v), { lambda: 0.5 });
      const plain = (x: Tensor, y: Tensor, v: Tensor) =>
        losses.crossEntropy(classify(v)(tf.concat([x, y]) as Tensor2D), labels);
      const actual = tf.grads(adversary)([a, b, w]);
      const expected = tf.grads(plain)([a, b, w]);
      for (const [i, factor] of [-0.5, -0.5, 1].entries()) {
        expect(actual[i] as Tensor).toBeAllclose(tf.mul(factor, expected[i] as Tensor), { rtol: 1e-5, atol: 1e-7 });
      }
    });
  });

  it('freeBits: none below the floor', () => {
    tf.tidy(() => {
      const mean = tf.tensor2d([
        [0.1, 2],
        [0.1, 2],
      ]);
      const gradient = tf.grad((m) => losses.freeBits(m, tf.zeros([2, 2]), { floor: 0.1 }))(mean);
      expect(gradient).toBeAllclose([
        [0, 1],
        [0, 1],
      ]);
    });
  });
});
