import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';
import { describeForms, equalRows, type Form, noise, orthonormal, softplus } from './closed-form.js';

useTestBackend();

const { log, exp, sqrt } = Math;

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

describeForms('contrastive losses', contrastive);
