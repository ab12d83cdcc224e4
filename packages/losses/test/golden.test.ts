import { allclose } from '@crossmodal/testkit';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type DistanceName,
  discriminatorLoss,
  energyDistance,
  ganClsLoss,
  generatorLoss,
  gradientPenalty,
  infoNce,
  mmd,
  pairwiseDistance,
  polynomialKernel,
  sinkhorn,
  sinkhornCost,
  wasserstein1d,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { type GoldenCase, goldenCase, goldenCases, loadCase, toleranceOf, topics } from './golden-cases.js';
import { goldenLosses } from './golden-losses.js';

useTestBackend();

/** Compares one output with its tolerance; returns what differs. */
function difference(golden: GoldenCase, output: string, actual: Tensor, expected: Tensor): string | undefined {
  const found = allclose(actual, expected, toleranceOf(golden, output));
  return found && `${output}: ${found}`;
}

/** Where a zero vector stands, the reference's gradient is g * 1e12 and ours 0: those rows are left out. */
function withoutZeroRows(gradient: Tensor, input: Tensor): Tensor {
  const alive = tf.cast(tf.greater(tf.sum(tf.abs(input), 1, true), 0), 'float32');
  return tf.where(tf.greater(tf.mul(alive, tf.onesLike(gradient)), 0), gradient, tf.zerosLike(gradient));
}

describe('values and gradients of the reference libraries', () => {
  const elsewhere = new Set([
    'distances_8x16',
    'distances_equal_and_zero',
    'gradient_cache_64',
    'sinkhorn_eps0.01',
    'sinkhorn_eps0.05',
    'sinkhorn_eps0.5',
    'sinkhorn_eps5',
    'sinkhorn_weights',
    'sinkhorn_unbalanced_1',
    'sinkhorn_unbalanced_mass',
    'emd_16x16',
    'emd_8x12',
    'one_dimensional',
    'wgan_gp',
    'kid',
  ]);

  for (const topic of topics) {
    for (const golden of goldenCases(topic)) {
      if (elsewhere.has(golden.definition)) continue;
      it(`${topic}/${golden.name}`, () => {
        const loss = goldenLosses[golden.definition];
        if (!loss) throw new Error(`no loss for definition ${golden.definition}`);
        tf.tidy(() => {
          const { inputs, outputs } = loadCase(topic, golden);
          const names = Object.keys(outputs)
            .filter((name) => name.startsWith('grad.'))
            .map((name) => name.slice('grad.'.length));
          const f = (...values: Tensor[]) =>
            loss(
              { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) } as never,
              golden.options,
            );
          const wanted = names.map((name) => inputs[name] as Tensor);
          const problems = [difference(golden, 'loss', f(...wanted), outputs['loss'] as Tensor)];
          const gradients = names.length ? tf.grads(f)(wanted) : [];
          names.forEach((name, i) => {
            let [actual, expected] = [gradients[i] as Tensor, outputs[`grad.${name}`] as Tensor];
            expect(allFinite(actual)).toBe(true);
            if (golden.name === 'infonce_symmetric_zero_rows' && actual.rank === 2) {
              [actual, expected] = [actual, expected].map((g) => withoutZeroRows(g, inputs[name] as Tensor)) as [
                Tensor,
                Tensor,
              ];
            }
            problems.push(difference(golden, `grad.${name}`, actual, expected));
          });
          expect(problems.filter(Boolean)).toEqual([]);
        });
      });
    }
  }
});

function allFinite(x: Tensor): boolean {
  return x.dataSync().every((value) => Number.isFinite(value));
}

describe('distances', () => {
  const names: Record<string, DistanceName> = {
    cosine: 'cosine',
    dot: 'dot',
    l1: 'manhattan',
    l2: 'euclidean',
    squared_l2: 'squared-euclidean',
    angular: 'angular',
  };

  for (const name of ['distances_8x16', 'distances_equal_and_zero']) {
    for (const [key, distance] of Object.entries(names)) {
      it(`${name}: ${distance}`, () => {
        const golden = goldenCase('losses', name);
        tf.tidy(() => {
          const { inputs, outputs } = loadCase('losses', golden);
          const sign = distance === 'dot' ? -1 : 1; // the golden file has the similarity
          const matrix = (a: Tensor, b: Tensor) =>
            tf.mul(sign, pairwiseDistance(a as Tensor2D, b as Tensor2D, { distance }));
          const [a, b, w] = [inputs['a'] as Tensor, inputs['b'] as Tensor, inputs['w'] as Tensor];
          const problems = [difference(golden, 'value', matrix(a, b), outputs[key] as Tensor)];
          const gradients = tf.grads((x, y) => tf.sum(tf.mul(w, matrix(x, y))) as Scalar)([a, b]);
          for (const [i, side] of ['a', 'b'].entries()) {
            const gradient = gradients[i] as Tensor;
            expect(allFinite(gradient)).toBe(true);
            const expected = outputs[`grad.${key}.${side}`];
            if (!expected) continue; // angular has none where its derivative does not exist
            const compared = [gradient, expected].map((g) =>
              distance === 'cosine' ? withoutZeroRows(g, inputs[side] as Tensor) : g,
            ) as [Tensor, Tensor];
            problems.push(difference(golden, `grad.${side}`, ...compared));
          }
          expect(problems.filter(Boolean)).toEqual([]);
        });
      });
    }
  }
});

describe('optimal transport', () => {
  /** Small epsilon converges slowly: this many iterations reach the reference's plan within its tolerance. */
  const effort: Record<string, { iterations: number; relaxation?: number }> = {
    'sinkhorn_eps0.01': { iterations: 1000, relaxation: 1.8 },
  };
  for (const golden of goldenCases('distribution').filter((c) => c.name.startsWith('sinkhorn'))) {
    it(golden.name, () => {
      tf.tidy(() => {
        const { inputs, outputs } = loadCase('distribution', golden);
        const { eps, reg_m } = golden.options;
        const [x, y] = [inputs['x'] as Tensor2D, inputs['y'] as Tensor2D];
        const weights = { a: inputs['a'] as Tensor1D, b: inputs['b'] as Tensor1D };
        const options = { iterations: 200, ...effort[golden.name], ...weights, epsilon: eps, massPenalty: reg_m };
        const cost = pairwiseDistance(x, y, { distance: 'squared-euclidean' });
        const { plan } = sinkhorn(cost, options);
        const results: Record<string, Tensor> = {
          plan,
          transport_cost: tf.sum(tf.mul(plan, cost)),
          mass: tf.sum(plan),
        };
        if (outputs['kl_objective']) {
          const f = (p: Tensor, q: Tensor) => sinkhornCost(p as Tensor2D, q as Tensor2D, options);
          const { value, grads } = tf.valueAndGrads(f)([x, y]);
          results['kl_objective'] = value;
          [results['grad.x'], results['grad.y']] = grads as [Tensor, Tensor];
          results['entropy_objective'] = sinkhornCost(x, y, { ...options, objective: 'entropy' });
        }
        const problems = Object.entries(outputs).map(([name, expected]) =>
          difference(golden, name, results[name] as Tensor, expected),
        );
        expect(problems.filter(Boolean)).toEqual([]);
      });
    });
  }

  it('approaches exact transport as epsilon falls', () => {
    for (const name of ['emd_16x16', 'emd_8x12']) {
      tf.tidy(() => {
        const { inputs, outputs } = loadCase('distribution', goldenCase('distribution', name));
        const exact = (outputs['emd_squared'] as Tensor).dataSync()[0] as number;
        const costs = [1, 0.3, 0.1].map((epsilon) => {
          const options = { epsilon, iterations: 500, relaxation: 1.5, objective: 'transport' as const };
          return sinkhornCost(inputs['x'] as Tensor2D, inputs['y'] as Tensor2D, options).dataSync()[0] as number;
        });
        expect(costs[0]).toBeGreaterThan(costs[1] as number);
        expect(costs[1]).toBeGreaterThan(costs[2] as number);
        expect((costs[2] as number) / exact).toBeGreaterThan(1 - 1e-4);
        expect((costs[2] as number) / exact).toBeLessThan(1.02);
      });
    }
  });

  it('one_dimensional: Wasserstein distance of samples of unequal size, energy distance', () => {
    const golden = goldenCase('distribution', 'one_dimensional');
    tf.tidy(() => {
      const { inputs, outputs } = loadCase('distribution', golden);
      const [u, v] = [inputs['u'] as Tensor1D, inputs['v'] as Tensor1D];
      const energy = energyDistance(tf.expandDims(u, 1) as Tensor2D, tf.expandDims(v, 1) as Tensor2D);
      expect(
        difference(golden, 'wasserstein_1', wasserstein1d(u, v), outputs['wasserstein_1'] as Tensor),
      ).toBeUndefined();
      expect(difference(golden, 'energy', energy, outputs['energy'] as Tensor)).toBeUndefined();
    });
  });
});

it('gradient_cache_64: the same loss and weight gradients from blocks of any size', () => {
  const golden = goldenCase('losses', 'gradient_cache_64');
  tf.tidy(() => {
    const { inputs, outputs } = loadCase('losses', golden);
    for (const blockRows of [undefined, 64, 32, 16, 5]) {
      const f = (wa: Tensor, wb: Tensor, logScale: Tensor) => {
        const a = tf.tanh(tf.matMul(inputs['x'] as Tensor2D, wa as Tensor2D)) as Tensor2D;
        const b = tf.tanh(tf.matMul(inputs['y'] as Tensor2D, wb as Tensor2D)) as Tensor2D;
        return infoNce(a, b, { temperature: tf.exp(tf.neg(logScale)) as Scalar, blockRows });
      };
      const values = ['wa', 'wb', 'log_scale'].map((name) => inputs[name] as Tensor) as [Tensor, Tensor, Tensor];
      const gradients = tf.grads(f)(values);
      const problems = ['wa', 'wb', 'log_scale'].map((name, i) =>
        difference(golden, `grad.${name}`, gradients[i] as Tensor, outputs[`grad.${name}`] as Tensor),
      );
      problems.push(difference(golden, 'loss', f(...values), outputs['loss'] as Tensor));
      expect(problems.filter(Boolean)).toEqual([]);
    }
  });
});

it('wgan_gp: the penalty and the gradients of the critic weights through it (second derivatives)', () => {
  const golden = goldenCase('gan_vae', 'wgan_gp');
  tf.tidy(() => {
    const { inputs, outputs } = loadCase('gan_vae', golden);
    const { lam } = golden.options;
    const [real, fake] = [inputs['real'] as Tensor2D, inputs['fake'] as Tensor2D];
    const critic = (w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) => (x: Tensor) =>
      tf.add(
        tf.matMul(tf.leakyRelu(tf.add(tf.matMul(x as Tensor2D, w1 as Tensor2D), b1), 0.2) as Tensor2D, w2 as Tensor2D),
        b2,
      );
    const penalty = (...w: Tensor[]) =>
      gradientPenalty(critic(...(w as [Tensor, Tensor, Tensor, Tensor])), real, fake, { epsilon: inputs['epsilon'] });
    const total = (...w: Tensor[]) => {
      const d = critic(...(w as [Tensor, Tensor, Tensor, Tensor]));
      return tf.add(discriminatorLoss(d(real), d(fake), { kind: 'wasserstein' }), tf.mul(lam, penalty(...w))) as Scalar;
    };
    const names = ['w1', 'b1', 'w2', 'b2'];
    const weights = names.map((name) => inputs[name] as Tensor);
    const problems = [
      difference(golden, 'penalty', penalty(...weights), outputs['penalty'] as Tensor),
      difference(golden, 'loss', total(...weights), outputs['loss'] as Tensor),
    ];
    const gradients = tf.grads(total)(weights);
    names.forEach((name, i) => {
      problems.push(difference(golden, `grad.${name}`, gradients[i] as Tensor, outputs[`grad.${name}`] as Tensor));
    });
    expect(problems.filter(Boolean)).toEqual([]);
  });
});

it('gan_cls: the generator side', () => {
  const golden = goldenCase('gan_vae', 'gan_cls');
  tf.tidy(() => {
    const { inputs, outputs } = loadCase('gan_vae', golden);
    expect(generatorLoss(inputs['fake'] as Tensor)).toBeAllclose(outputs['generator'] as Tensor, { rtol: 1e-5 });
    expect(ganClsLoss(inputs['real'] as Tensor, inputs['wrong'] as Tensor, inputs['fake'] as Tensor).rank).toBe(0);
  });
});

it('kid: the unbiased MMD with the polynomial kernel', () => {
  const golden = goldenCase('gan_vae', 'kid');
  tf.tidy(() => {
    const { inputs, outputs } = loadCase('gan_vae', golden);
    const { degree, gamma, coef } = golden.options;
    const kernel = polynomialKernel({ degree, gamma, constant: coef });
    const kid = mmd(inputs['x'] as Tensor2D, inputs['y'] as Tensor2D, { kernel, estimator: 'unbiased' });
    expect(difference(golden, 'kid', kid, outputs['kid'] as Tensor)).toBeUndefined();
    const byDefault = mmd(inputs['x'] as Tensor2D, inputs['y'] as Tensor2D, {
      kernel: polynomialKernel(),
      estimator: 'unbiased',
    });
    expect(byDefault).toBeAllclose(kid, { rtol: 1e-6 });
  });
});
