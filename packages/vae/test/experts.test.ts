import { Random, randomNormal } from '@crossmodal/core';
import { gaussianLogLikelihood, klStandardNormal } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { divergenceToExperts, type Gaussian, mixtureLogDensity, productOfGaussians, subsetsOf } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';

useTestBackend();

/** Rows of a stacked golden tensor [experts, batch, ...]. */
const rows = (x: Tensor) => tf.unstack(tf.cast(x, 'float32')) as Tensor2D[];
const expertsOf = (mean: Tensor, logVariance: Tensor): Gaussian[] => {
  const variances = rows(logVariance);
  return rows(mean).map((m, k) => ({ mean: m, logVariance: variances[k] as Tensor2D }));
};
const gaussian = (seed: number, size: [number, number] = [3, 4]): Gaussian => ({
  mean: randomNormal<Tensor2D>(size, { random: new Random(seed) }),
  logVariance: randomNormal<Tensor2D>(size, { random: new Random(seed + 100), standardDeviation: 0.5 }),
});

describe('productOfGaussians', () => {
  it('equals multivae, with and without the prior expert', () => {
    const { tensor, tolerance } = goldenCase('experts_2');
    const experts = expertsOf(tensor('in.mu'), tensor('in.logvar'));
    const masks = rows(tensor('in.mask')) as Tensor[] as Tensor1D[];
    const withPrior = productOfGaussians(experts, { masks });
    expect(withPrior.mean).toBeAllclose(tensor('out.poe_prior_mu'), tolerance);
    expect(withPrior.logVariance).toBeAllclose(tensor('out.poe_prior_logvar'), tolerance);
    const without = productOfGaussians(experts, { masks, prior: false });
    expect(without.mean).toBeAllclose(tensor('out.poe_mu'), tolerance);
    expect(without.logVariance).toBeAllclose(tensor('out.poe_logvar'), tolerance);
  });

  it('equals multivae with missing modalities', () => {
    const { tensor, tolerance } = goldenCase('experts_3_missing');
    const experts = expertsOf(tensor('in.mu'), tensor('in.logvar'));
    const joint = productOfGaussians(experts, { masks: rows(tensor('in.mask')) as Tensor[] as Tensor1D[] });
    expect(joint.mean).toBeAllclose(tensor('out.poe_prior_mu'), tolerance);
    expect(joint.logVariance).toBeAllclose(tensor('out.poe_prior_logvar'), tolerance);
  });

  it('of one expert is itself, of K equal ones K times as sharp, of none (all masked) the prior', () => {
    const one = gaussian(1);
    const alone = productOfGaussians([one], { prior: false });
    expect(alone.mean).toBeAllclose(one.mean, { rtol: 1e-5, atol: 1e-6 });
    const three = productOfGaussians([one, one, one], { prior: false });
    expect(three.mean).toBeAllclose(one.mean, { rtol: 1e-5, atol: 1e-6 });
    expect(three.logVariance).toBeAllclose(tf.sub(one.logVariance, Math.log(3)), { rtol: 1e-5, atol: 1e-6 });
    const none = productOfGaussians([one], { masks: [tf.zeros([3])] });
    expect(none.mean).toBeAllclose(tf.zeros([3, 4]));
    expect(none.logVariance).toBeAllclose(tf.zeros([3, 4]));
  });

  it('is proportional to the product of the densities', () => {
    const [a, b] = [gaussian(2), gaussian(3)];
    const joint = productOfGaussians([a, b]);
    const constant = (z: Tensor2D) => {
      const product = [a, b].map(({ mean, logVariance }) => gaussianLogLikelihood(z, mean, { logVariance }));
      return tf.sub(
        tf.addN([...product, gaussianLogLikelihood(z, 0)]),
        gaussianLogLikelihood(z, joint.mean, { logVariance: joint.logVariance }),
      );
    };
    const z = (seed: number) => randomNormal<Tensor2D>([3, 4], { random: new Random(seed) });
    expect(constant(z(7))).toBeAllclose(constant(z(8)), { rtol: 1e-4, atol: 1e-4 });
  });

  it('has the right gradient, names bad input, leaves nothing behind', async () => {
    const { mean, logVariance } = gaussian(4);
    const other = gaussian(5);
    gradientCheck(
      (m, v) => {
        const joint = productOfGaussians([{ mean: m as Tensor2D, logVariance: v as Tensor2D }, other]);
        return klStandardNormal(joint.mean, joint.logVariance);
      },
      [mean, logVariance],
    );
    const wider = gaussian(6, [3, 5]);
    expect(() => productOfGaussians([])).toThrow('needs at least one Gaussian');
    expect(() => productOfGaussians([other, wider])).toThrow('must have one shape, got [3,4], [3,5] and [3,5]');
    expect(() => productOfGaussians([other], { masks: [undefined, undefined] })).toThrow('got 1 and 2');
    await expectNoLeak(() => productOfGaussians([other, other]));
    await expectNoLeakWhenThrowing(
      () => productOfGaussians([other, wider]),
      'productOfGaussians: all Gaussians must have one shap',
    );
  });
});

describe('mixtures', () => {
  it('of experts and of products equal multivae', () => {
    const { tensor, value, tolerance } = goldenCase('mopoe_2');
    const experts = expertsOf(tensor('in.mu'), tensor('in.logvar'));
    const z = tensor('in.z') as Tensor2D;
    expect(mixtureLogDensity(z, experts)).toBeAllclose(tensor('out.moe_log_prob'), tolerance);
    const subsets = subsetsOf(2);
    expect(subsets).toEqual([[0], [1], [0, 1]]);
    const products = subsets.map((subset) =>
      productOfGaussians(
        subset.map((k) => experts[k] as Gaussian),
        { prior: subset.length === 2 },
      ),
    );
    expect(tf.stack(products.map(({ mean }) => mean))).toBeAllclose(tensor('out.subset_mu'), tolerance);
    expect(tf.stack(products.map(({ logVariance }) => logVariance))).toBeAllclose(
      tensor('out.subset_logvar'),
      tolerance,
    );
    const kl = products.map(({ mean, logVariance }) => klStandardNormal(mean, logVariance, { reduction: 'none' }));
    expect(tf.stack(kl)).toBeAllclose(tensor('out.subset_kl'), tolerance);
    expect(tf.mean(tf.stack(kl))).toBeAllclose(value('joint_divergence'), tolerance);
    expect(mixtureLogDensity(z, products)).toBeAllclose(tensor('out.mopoe_log_prob'), tolerance);
  });

  it('with all weight on one component are that component', () => {
    const [a, b] = [gaussian(1), gaussian(2)];
    const z = gaussian(3).mean;
    const weights = [tf.ones([3]), tf.zeros([3])] as Tensor1D[];
    const expected = gaussianLogLikelihood(z, a.mean, { logVariance: a.logVariance });
    expect(mixtureLogDensity(z, [a, b], { weights })).toBeAllclose(expected, { rtol: 1e-5 });
    expect(mixtureLogDensity(z, [a, a])).toBeAllclose(expected, { rtol: 1e-5 });
  });
});

it('subsets come by size, then in order', () => {
  expect(subsetsOf(3)).toEqual([[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]);
});

it("JMVAE's divergence equals multivae, with its gradients", () => {
  const { tensor, value } = goldenCase('jmvae_kl');
  const inputs = ['mu', 'logvar', 'umu', 'ulogvar'].map((name) => tensor(`in.${name}`));
  const f = (m: Tensor, v: Tensor, um: Tensor, uv: Tensor) =>
    divergenceToExperts({ mean: m as Tensor2D, logVariance: v as Tensor2D }, expertsOf(um, uv)) as Scalar;
  expect(f(...(inputs as [Tensor, Tensor, Tensor, Tensor]))).toBeAllclose(value('loss'), { rtol: 1e-5 });
  const gradients = tf.grads((...x) => f(...(x as [Tensor, Tensor, Tensor, Tensor])))(inputs);
  ['mu', 'logvar', 'umu', 'ulogvar'].forEach((name, i) => {
    expect(gradients[i] as Tensor).toBeAllclose(tensor(`out.grad.${name}`), { rtol: 1e-4, atol: 1e-6 });
  });
});
