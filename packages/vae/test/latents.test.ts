import { readFileSync } from 'node:fs';
import { Random, randomNormal } from '@crossmodal/core';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  denseDecoder,
  denseInference,
  fitGaussianMixture,
  fitKernelDensity,
  fitNormal,
  type LatentDistribution,
  vae,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

interface Golden {
  latents: number[][];
  points: number[][];
  initialMeans: number[][];
  mixture: {
    weights: number[];
    means: number[][];
    covariances: number[][][];
    iterations: number;
    logLikelihood: number;
    logDensity: number[];
  };
  normal: { logDensity: number[] };
  kernels: Record<'0.4' | 'scott' | 'silverman', number[]>;
}

const golden = JSON.parse(readFileSync(new URL('./golden/latents.json', import.meta.url), 'utf8')) as Golden;
let latents: Tensor2D;
let points: Tensor2D;
beforeAll(() => {
  latents = tf.tensor2d(golden.latents);
  points = tf.tensor2d(golden.points);
});

/** Mean and covariance of 4,000 samples. */
function moments(distribution: LatentDistribution): { mean: Tensor2D; covariance: Tensor2D } {
  const drawn = distribution.sample(4000, { random: new Random(1) });
  const mean = tf.mean(drawn, 0, true) as Tensor2D;
  const deviations = tf.sub(drawn, mean) as Tensor2D;
  return { mean, covariance: tf.div(tf.matMul(deviations, deviations, true), 4000) as Tensor2D };
}

function dataMoments(): { mean: Tensor2D; covariance: Tensor2D } {
  const mean = tf.mean(latents, 0, true) as Tensor2D;
  const deviations = tf.sub(latents, mean) as Tensor2D;
  return { mean, covariance: tf.div(tf.matMul(deviations, deviations, true), latents.shape[0]) as Tensor2D };
}

describe('fitNormal', () => {
  it('has the density of scikit-learn and draws the mean and covariance of the latents', async () => {
    const normal = await fitNormal(latents);
    expect(normal.logDensity(points)).toBeAllclose(golden.normal.logDensity, { rtol: 1e-4 });
    const [drawn, data] = [moments(normal), dataMoments()];
    expect(drawn.mean).toBeAllclose(data.mean, { atol: 0.1 });
    expect(drawn.covariance).toBeAllclose(data.covariance, { atol: 0.2 });
  });

  it('refuses latents without a covariance', async () => {
    await expect(fitNormal(tf.zeros([1, 2]))).rejects.toThrow('at least 2 rows, got [1,2]');
    await expect(fitNormal(tf.ones([4, 2]), { regularisation: 0 })).rejects.toThrow('not positive definite');
    await expect(fitNormal(latents, { regularisation: -1 })).rejects.toThrow('must not be negative, got -1');
  });
});

describe('fitGaussianMixture', () => {
  it('takes the steps of scikit-learn from the same start to the same mixture', async () => {
    const mixture = await fitGaussianMixture(latents, {
      components: 2,
      initialMeans: tf.tensor2d(golden.initialMeans),
    });
    expect(mixture.logLikelihoods).toHaveLength(golden.mixture.iterations);
    expect(mixture.converged).toBe(true);
    expect(mixture.logLikelihoods.at(-1)).toBeCloseTo(golden.mixture.logLikelihood, 4);
    expect(tf.tensor1d([...mixture.weights])).toBeAllclose(golden.mixture.weights, { rtol: 1e-3 });
    expect(tf.tensor2d(mixture.means as number[][])).toBeAllclose(golden.mixture.means, { rtol: 1e-3, atol: 1e-3 });
    expect(tf.tensor3d(mixture.covariances as number[][][])).toBeAllclose(golden.mixture.covariances, {
      rtol: 2e-3,
      atol: 1e-3,
    });
    expect(mixture.logDensity(points)).toBeAllclose(golden.mixture.logDensity, { rtol: 2e-3 });
  });

  it('never gets worse, and finds clusters that lie apart whatever the seed', async () => {
    const corners = [
      [5, 5],
      [5, -5],
      [-5, 5],
    ];
    const rows = tf.tidy(
      () =>
        tf.add(
          tf.tensor2d(Array.from({ length: 150 }, (_, i) => corners[i % 3] as number[])),
          randomNormal([150, 2], { random: new Random(2), standardDeviation: 0.3 }),
        ) as Tensor2D,
    );
    for (const seed of [1, 2, 3]) {
      const { means, weights, logLikelihoods } = await fitGaussianMixture(rows, { components: 3, seed });
      logLikelihoods.slice(1).forEach((value, i) => {
        expect(value).toBeGreaterThan((logLikelihoods[i] as number) - 1e-4);
      });
      for (const corner of corners) {
        const distances = means.map(([x, y]) => Math.hypot((x as number) - corner[0]!, (y as number) - corner[1]!));
        expect(Math.min(...distances)).toBeLessThan(0.2);
      }
      for (const weight of weights) expect(weight).toBeCloseTo(1 / 3, 2);
    }
  });

  it('draws each component as often as its weight says, in random order', async () => {
    const mixture = await fitGaussianMixture(latents, {
      components: 2,
      initialMeans: tf.tensor2d(golden.initialMeans),
    });
    const drawn = moments(mixture);
    expect(drawn.mean).toBeAllclose(dataMoments().mean, { atol: 0.12 });
    expect(drawn.covariance).toBeAllclose(dataMoments().covariance, { atol: 0.25 });
    const sides = [...tf.slice(mixture.sample(60, { random: new Random(4) }), [0, 0], [60, 1]).dataSync()].map(
      Math.sign,
    );
    expect(sides.slice(1).filter((side, i) => side !== sides[i]).length).toBeGreaterThan(15);
    expect(mixture.sample(5, { random: new Random(4) })).toBeAllclose(mixture.sample(5, { random: new Random(4) }));
  });

  it('stays finite with a component that no row belongs to', async () => {
    const far = tf.tensor2d([...golden.initialMeans, [90, 90, 90]]);
    const mixture = await fitGaussianMixture(latents, { components: 3, initialMeans: far, regularisation: 1e-3 });
    expect(mixture.weights.every(Number.isFinite)).toBe(true);
    expect([...mixture.logDensity(points).dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('refuses what is no number', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = tf.tensor2d([
        [1, 2],
        [bad, 3],
        [0, 1],
      ]);
      await expect(fitGaussianMixture(broken, { components: 1 })).rejects.toThrow(
        'fitGaussianMixture: latents must be finite',
      );
      await expect(fitNormal(broken)).rejects.toThrow('fitNormal: latents must be finite');
    }
  });

  it('refuses what is out of range', async () => {
    await expect(fitGaussianMixture(latents, { components: 100 })).rejects.toThrow('at least 100 rows, got [60,3]');
    await expect(fitGaussianMixture(latents, { components: 0 })).rejects.toThrow(
      'components must be an integer of at least 1, got 0',
    );
    await expect(fitGaussianMixture(latents, { tolerance: -1 })).rejects.toThrow('must not be negative, got -1');
    await expect(fitGaussianMixture(latents, { components: 2, initialMeans: tf.zeros([2, 2]) })).rejects.toThrow(
      'initialMeans must be [2, 3], got [2,2]',
    );
  });
});

describe('fitKernelDensity', () => {
  it.each([0.4, 'scott', 'silverman'] as const)('has the density of scikit-learn, bandwidth %s', (bandwidth) => {
    expect(fitKernelDensity(latents, { bandwidth }).logDensity(points)).toBeAllclose(golden.kernels[`${bandwidth}`], {
      rtol: 1e-3,
    });
  });

  it('draws the latents with the variance of its kernel on top', () => {
    const drawn = moments(fitKernelDensity(latents, { bandwidth: 0.5 }));
    expect(drawn.mean).toBeAllclose(dataMoments().mean, { atol: 0.12 });
    expect(drawn.covariance).toBeAllclose(tf.add(dataMoments().covariance, tf.mul(0.25, tf.eye(3))), { atol: 0.3 });
  });

  it('keeps its density when all lies far from the origin', () => {
    const shift = 1000;
    const moved = fitKernelDensity(tf.add(latents, shift) as Tensor2D, { bandwidth: 0.4 });
    expect(moved.logDensity(tf.add(points, shift) as Tensor2D)).toBeAllclose(golden.kernels['0.4'], { rtol: 2e-2 });
  });

  it('refuses a width that is none', () => {
    expect(() => fitKernelDensity(latents, { bandwidth: 0 })).toThrow("'scott' or 'silverman', got 0");
    expect(() => fitKernelDensity(latents, { bandwidth: 'wide' as never })).toThrow('got wide');
  });
});

describe('samples of a VAE', () => {
  const model = () =>
    vae({
      encoder: denseInference({ inputDimension: 6, hidden: [5], seed: 1 }),
      decoder: denseDecoder({ latentDimension: 3, outputDimension: 6, hidden: [5], seed: 1 }),
    });

  it('are decoded from latents of the distribution that is passed', () => {
    const own = model();
    const distribution = fitKernelDensity(latents, { bandwidth: 0.1 });
    const sampled = own.sample(4, { random: new Random(3), latents: distribution });
    const z = distribution.sample(4, { random: new Random(3) });
    expect(sampled).toBeAllclose(own.likelihood.mean(own.decode(z)), { rtol: 1e-5 });
    const narrow = fitKernelDensity(tf.ones([2, 2]));
    expect(() => own.sample(4, { random: new Random(3), latents: narrow })).toThrow(
      'latents must have 3 dimensions, those of the distribution have 2',
    );
  });

  it('leave nothing behind, nor do fits', async () => {
    const own = model();
    const random = new Random(1);
    await expectNoLeak(async () => {
      const normal = await fitNormal(latents);
      const mixture = await fitGaussianMixture(latents, { components: 2 });
      const kernels = fitKernelDensity(latents);
      for (const each of [normal, mixture, kernels]) {
        tf.dispose([own.sample(3, { random, latents: each }), each.logDensity(points)]);
        each.dispose();
      }
    });
    const kernels = fitKernelDensity(latents);
    const narrow = tf.zeros<tf.Rank.R2>([2, 2]);
    await expectNoLeakWhenThrowing(() => kernels.logDensity(narrow), 'z must be [batch, 3], got [2,2]');
    await expectNoLeakWhenThrowing(
      async () => void (await fitGaussianMixture(latents, { components: 2, regularisation: -1 })),
      'must not be negative',
    );
  });
});
