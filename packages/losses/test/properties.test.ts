import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

type PairLoss = (a: Tensor2D, b: Tensor2D) => Tensor;
const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;
const number = (x: Tensor): number => x.dataSync()[0] as number;

const paired: Record<string, PairLoss> = {
  infoNce: (a, b) => losses.infoNce(a, b),
  distanceContrastive: (a, b) => losses.distanceContrastive(a, b),
  sigLip: (a, b) => losses.sigLip(a, b),
  ntXent: (a, b) => losses.ntXent(a, b),
  debiasedContrastive: (a, b) => losses.debiasedContrastive(a, b, { beta: 1 }),
  vsePlusPlus: (a, b) => losses.vsePlusPlus(a, b),
  tripletLoss: (a, b) => losses.tripletLoss(a, b, { symmetric: true }),
  marginContrastive: (a, b) => losses.marginContrastive(a, b, { delta: 3 }),
  multiSimilarityLoss: (a, b) => losses.multiSimilarityLoss(a, b),
  circleLoss: (a, b) => losses.circleLoss(a, b),
  cyClipConsistency: (a, b) => losses.cyClipConsistency(a, b),
  vicReg: (a, b) => losses.vicReg(a, b),
  barlowTwins: (a, b) => losses.barlowTwins(a, b),
  alignmentLoss: (a, b) => losses.alignmentLoss(a, b),
  semanticSimilarity: (a, b) => losses.semanticSimilarity(a, b),
  alignmentAngle: (a, b) => losses.alignmentAngle(a, b),
  negativeCosine: (a, b) => losses.negativeCosine(a, b),
  hsic: (a, b) => losses.hsic(a, b),
  cka: (a, b) => losses.cka(a, b),
};
const betweenSamples: Record<string, PairLoss> = {
  'mmd biased': (x, y) => losses.mmd(x, y),
  'mmd unbiased': (x, y) => losses.mmd(x, y, { estimator: 'unbiased' }),
  coral: (x, y) => losses.coral(x, y),
  'coral with means': (x, y) => losses.coral(x, y, { means: true }),
  slicedWasserstein: (x, y) => losses.slicedWasserstein(x, y),
  energyDistance: (x, y) => losses.energyDistance(x, y),
  sinkhornCost: (x, y) => losses.sinkhornCost(x, y, { epsilon: 1 }),
  sinkhornDivergence: (x, y) => losses.sinkhornDivergence(x, y, { epsilon: 1 }),
};
const pick = (table: Record<string, PairLoss>, ...names: string[]): [string, PairLoss][] =>
  names.map((name) => [name, table[name] as PairLoss]);

const order = [3, 0, 4, 1, 2];
const permute = (x: Tensor2D): Tensor2D => tf.gather(x, tf.tensor1d(order, 'int32'));
const close = { rtol: 2e-5, atol: 2e-6 };

describe('permutation of the rows', () => {
  it.each(Object.entries(paired))('%s: both sides together', (_name, loss) => {
    tf.tidy(() => {
      const [a, b] = [noise(5, 6, 1), noise(5, 6, 2)];
      expect(loss(permute(a), permute(b))).toBeAllclose(loss(a, b), close);
    });
  });

  it.each(Object.entries(betweenSamples))('%s: one side alone', (_name, loss) => {
    tf.tidy(() => {
      const [x, y] = [noise(5, 6, 1), noise(7, 6, 2)];
      expect(loss(permute(x), y)).toBeAllclose(loss(x, y), close);
    });
  });
});

describe('exchange of the two sides', () => {
  const symmetric = pick(
    paired,
    'infoNce',
    'sigLip',
    'ntXent',
    'debiasedContrastive',
    'vsePlusPlus',
    'tripletLoss',
    'cyClipConsistency',
    'vicReg',
    'alignmentLoss',
    'semanticSimilarity',
    'alignmentAngle',
    'hsic',
    'cka',
  );
  it.each([...symmetric, ...Object.entries(betweenSamples)])('%s', (_name, loss) => {
    tf.tidy(() => {
      const [a, b] = [noise(5, 6, 1), noise(5, 6, 2)];
      expect(loss(b, a)).toBeAllclose(loss(a, b), close);
    });
  });
});

describe('scale of the vectors', () => {
  const ofDirections = pick(
    paired,
    'infoNce',
    'sigLip',
    'ntXent',
    'debiasedContrastive',
    'vsePlusPlus',
    'multiSimilarityLoss',
    'circleLoss',
    'cyClipConsistency',
    'alignmentLoss',
    'semanticSimilarity',
    'alignmentAngle',
    'negativeCosine',
    'cka',
  );
  it.each(ofDirections)('%s does not see it', (_name, loss) => {
    tf.tidy(() => {
      const [a, b] = [noise(5, 6, 1), noise(5, 6, 2)];
      expect(loss(tf.mul(a, 300), tf.mul(b, 0.02))).toBeAllclose(loss(a, b), { rtol: 1e-4, atol: 1e-5 });
    });
  });
});

describe('shift of both samples', () => {
  it.each(Object.entries(betweenSamples))('%s does not see it', (_name, loss) => {
    tf.tidy(() => {
      const [x, y] = [noise(5, 6, 1), noise(7, 6, 2)];
      expect(loss(tf.add(x, 2), tf.add(y, 2))).toBeAllclose(loss(x, y), { rtol: 1e-4, atol: 1e-5 });
    });
  });
});

describe('samples of the same distribution', () => {
  it('unbiased MMD is 0 on average, and negative about half of the time; biased MMD is not', () => {
    const kernel = losses.gaussianKernel({ sigma: 2 });
    const values = { unbiased: [] as number[], biased: [] as number[] };
    for (let seed = 0; seed < 200; seed++) {
      tf.tidy(() => {
        const [x, y] = [noise(6, 3, 2 * seed + 1), noise(8, 3, 2 * seed + 2)];
        for (const estimator of ['unbiased', 'biased'] as const)
          values[estimator].push(number(losses.mmd(x, y, { kernel, estimator })));
      });
    }
    const mean = (x: number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
    const error = Math.sqrt(mean(values.unbiased.map((v) => v * v)) / values.unbiased.length);
    expect(Math.abs(mean(values.unbiased))).toBeLessThan(3 * error);
    expect(mean(values.biased)).toBeGreaterThan(10 * error);
    expect(Math.min(...values.biased)).toBeGreaterThanOrEqual(0);
    expect(values.unbiased.filter((value) => value < 0).length).toBeGreaterThan(60);
  });

  it('discrepancies grow with a shift between the samples', () => {
    tf.tidy(() => {
      for (const [name, loss] of Object.entries(betweenSamples)) {
        if (name === 'coral') continue; // covariances do not see a shift
        const [x, y] = [noise(12, 4, 1), noise(12, 4, 2)];
        const values = [0, 1, 3].map((shift) => number(loss(x, tf.add(y, shift))));
        expect(values, name).toEqual([...values].sort((p, q) => p - q));
      }
    });
  });
});

describe('better embeddings have a smaller loss', () => {
  const matched = Object.entries(paired).filter(([name]) => !['hsic', 'cka', 'barlowTwins', 'vicReg'].includes(name));
  it.each(matched)('%s', (_name, loss) => {
    tf.tidy(() => {
      const a = noise(6, 16, 1);
      const blend = (share: number) => number(loss(a, tf.add(tf.mul(share, a), tf.mul(1 - share, noise(6, 16, 2)))));
      const [far, near] = [blend(0.1), blend(0.6)];
      expect(near).toBeLessThan(far);
    });
  });
});

describe('reductions', () => {
  it('agree with one another', () => {
    tf.tidy(() => {
      const values = tf.tensor1d([0, 2, 4, 0]);
      const reduce = (reduction: losses.Reduction, valid?: Tensor) => losses.reduceLosses(values, { reduction, valid });
      expect(reduce('none')).toBeAllclose([0, 2, 4, 0]);
      expect(reduce('sum')).toBeAllclose(6);
      expect(reduce('mean')).toBeAllclose(1.5);
      expect(reduce('mean-nonzero')).toBeAllclose(3);
      const valid = tf.tensor1d([1, 1, 0, 0]);
      expect(reduce('mean', valid)).toBeAllclose(1);
      expect(reduce('mean-nonzero', valid)).toBeAllclose(2);
      expect(reduce('sum', valid)).toBeAllclose(2);
      expect(reduce('mean', tf.zeros([4]))).toBeAllclose(0);
    });
  });

  it('of losses: none averages to mean', () => {
    tf.tidy(() => {
      const [a, b] = [noise(5, 6, 1), noise(5, 6, 2)];
      const none: [Tensor, Tensor][] = [
        [losses.infoNce(a, b, { reduction: 'none' }), losses.infoNce(a, b)],
        [losses.sigLip(a, b, { reduction: 'none' }), losses.sigLip(a, b)],
        [losses.ntXent(a, b, { reduction: 'none' }), losses.ntXent(a, b)],
        [losses.distanceContrastive(a, b, { reduction: 'none' }), losses.distanceContrastive(a, b)],
        [losses.multiSimilarityLoss(a, b, { reduction: 'none' }), losses.multiSimilarityLoss(a, b)],
        [losses.tripletLoss(a, b, { margin: 5, reduction: 'none' }), losses.tripletLoss(a, b, { margin: 5 })],
        [losses.vsePlusPlus(a, b, { reduction: 'none' }), losses.vsePlusPlus(a, b, { reduction: 'mean' })],
        [losses.klStandardNormal(a, b, { reduction: 'none' }), losses.klStandardNormal(a, b)],
        [losses.marginContrastive(a, b, { delta: 9, reduction: 'none' }), losses.marginContrastive(a, b, { delta: 9 })],
      ];
      for (const [rows, mean] of none) {
        expect(rows.shape[0]).toBe(rows.size === 10 ? 10 : 5);
        expect(tf.mean(rows)).toBeAllclose(mean, close);
      }
    });
  });
});

describe('blocks', () => {
  it('infoNce gives the same value and gradients for any block size, with negatives too', () => {
    tf.tidy(() => {
      const [a, b, extra] = [noise(7, 4, 1), noise(7, 4, 2), noise(5, 4, 3)];
      const f = (blockRows?: number) => (x: Tensor, y: Tensor, z: Tensor) =>
        losses.infoNce(x as Tensor2D, y as Tensor2D, {
          negatives: z as Tensor2D,
          reverseNegatives: z as Tensor2D,
          labelSmoothing: 0.1,
          blockRows,
        });
      const expected = tf.valueAndGrads(f())([a, b, extra]);
      for (const blockRows of [1, 2, 3, 7, 100]) {
        const actual = tf.valueAndGrads(f(blockRows))([a, b, extra]);
        expect(actual.value).toBeAllclose(expected.value, close);
        for (const [i, gradient] of actual.grads.entries()) {
          expect(gradient).toBeAllclose(expected.grads[i] as Tensor, { rtol: 1e-4, atol: 1e-6 });
        }
      }
    });
  });
});
