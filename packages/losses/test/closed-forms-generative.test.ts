import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';
import { describeForms, type Form, noise } from './closed-form.js';

useTestBackend();

const { log, exp, PI } = Math;

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
    'matchingAwareGradientPenalty of a linear critic is (||w|| + ||v||)^6',
    () =>
      losses.matchingAwareGradientPenalty(
        (x, c) => tf.add(linear([0.3, 0.4])(x), linear([0.6, 0.8])(c)),
        noise(5, 2, 1),
        noise(5, 2, 2),
      ),
    1.5 ** 6,
  ],
  [
    'matchingAwareGradientPenalty of a critic that is flat in the condition, power 2, is R1',
    () =>
      losses.matchingAwareGradientPenalty(
        (x, c) => tf.add(linear([3, 4])(x), linear([0, 0])(c)),
        noise(5, 2, 1),
        noise(5, 2, 2),
        { power: 2 },
      ),
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

describeForms('adversarial losses and likelihoods', generative);
