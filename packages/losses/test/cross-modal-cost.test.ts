import type { Trainable } from '@crossmodal/core';
import { adam, sgd } from '@crossmodal/core/optimisers';
import { dannAnnealing } from '@crossmodal/core/schedules';
import { alternatingStep, trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  alignmentDistance,
  crossModalCost,
  cyclicalAnnealing,
  GradientBalance,
  gradientNorms,
  infoNce,
  UncertaintyWeights,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const number = (x: tf.Tensor): number => x.dataSync()[0] as number;
const constant = (value: number) => () => tf.scalar(value);

describe('crossModalCost', () => {
  const cost = crossModalCost<number>({
    unimodal: { image: constant(2), text: (scale) => tf.scalar(3 * scale) },
    crossModal: { nce: constant(5) },
    regularisers: { angle: constant(7) },
    lambda: 0.5,
    weights: { text: 0.1, angle: (step) => step },
  });

  it('adds weighted terms and reports each before weighting', () => {
    tf.tidy(() => {
      const { loss, ...terms } = cost(10, { step: 2 });
      expect(number(loss)).toBeCloseTo(2 + 0.1 * 30 + 0.5 * 5 + 2 * 7, 5);
      expect(Object.fromEntries(Object.entries(terms).map(([name, x]) => [name, number(x)]))).toEqual({
        image: 2,
        text: 30,
        nce: 5,
        angle: 7,
      });
      expect(cost.names).toEqual(['image', 'text', 'nce', 'angle']);
    });
  });

  it('takes part of the terms, and does not compute the others', () => {
    tf.tidy(() => {
      let calls = 0;
      const counted = crossModalCost<null>({
        unimodal: {
          a: constant(1),
          b: () => {
            calls++;
            return tf.scalar(1);
          },
        },
      });
      expect(number(counted(null, { only: ['a'] }).loss)).toBe(1);
      expect(calls).toBe(0);
      expect(Object.keys(cost(1, { only: ['nce'] }))).toEqual(['nce', 'loss']);
    });
  });

  it('takes tensors and variables as weights, with their gradient', () => {
    tf.tidy(() => {
      const weight = tf.variable(tf.scalar(3));
      const weighted = crossModalCost<null>({
        unimodal: { a: constant(2) },
        weights: { a: weight as unknown as Scalar },
      });
      const { value, grads } = tf.variableGrads(() => weighted(null).loss, [weight]);
      expect(number(value)).toBe(6);
      expect(number(grads[weight.name] as tf.Tensor)).toBe(2);
    });
  });

  it('leaves nothing behind, nor when a term throws', async () => {
    await expectNoLeak(() => cost(1, { step: 1 }));
    const failing = crossModalCost<null>({
      unimodal: {
        a: constant(1),
        b: () => {
          tf.scalar(1);
          throw new Error('no data');
        },
      },
    });
    expect(() => failing(null)).toThrow('no data');
    await expectNoLeakWhenThrowing(() => failing(null), 'no data');
  });

  it('refuses a term that is not a scalar, unknown names, repeated names, and loss as a name', () => {
    expect(() => crossModalCost<null>({ unimodal: { a: () => tf.zeros([2]) as unknown as Scalar } })(null)).toThrow(
      /term a must be a scalar, got shape \[2\]/,
    );
    expect(() => crossModalCost({ unimodal: { a: constant(1) }, crossModal: { a: constant(1) } })).toThrow(
      /names of terms must differ, got a, a/,
    );
    expect(() => crossModalCost({ unimodal: { loss: constant(1) } })).toThrow(/no term may be called loss/);
    expect(() => crossModalCost({ unimodal: { a: constant(1) }, weights: { b: 1 } })).toThrow(
      /weights names b, the terms are a/,
    );
    expect(() => crossModalCost({})).toThrow(/at least one term/);
    expect(() => crossModalCost({ unimodal: { a: constant(1) }, lambda: Number.NaN })).toThrow(
      /weight lambda must be a finite number, got NaN/,
    );
    expect(() => cost(1, { only: ['x'] })).toThrow(/only names x/);
    expect(() => cost(1, { only: [] })).toThrow(/at least one term/);
  });
});

/** Two linear encoders of the same items, to be trained. */
function encoders() {
  const draw = (shape: [number, number], seed: number) =>
    tf.tidy(() => tf.randomNormal(shape, 0, 1, 'float32', seed) as Tensor2D);
  const [items, mixImage, mixText] = [draw([12, 6], 1), draw([6, 8], 2), draw([6, 5], 3)];
  const data = tf.tidy(() => ({ x: tf.matMul(items, mixImage) as Tensor2D, y: tf.matMul(items, mixText) as Tensor2D }));
  tf.dispose([items, mixImage, mixText]);
  const weights = {
    image: tf.tidy(() => tf.variable(draw([8, 4], 4))),
    text: tf.tidy(() => tf.variable(draw([5, 4], 5))),
  };
  const embed = ({ x, y }: typeof data) => ({
    image: tf.matMul(x, weights.image as unknown as Tensor2D) as Tensor2D,
    text: tf.matMul(y, weights.text as unknown as Tensor2D) as Tensor2D,
  });
  return { data, weights, embed };
}

type Embedded = { image: Tensor2D; text: Tensor2D };
const terms = {
  crossModal: { nce: ({ image, text }: Embedded) => infoNce(image, text) },
  regularisers: { distance: ({ image, text }: Embedded) => alignmentDistance(image, text) },
};

describe('training with a cost', () => {
  it('jointly, with a schedule that the training step advances', () => {
    const { data, weights, embed } = encoders();
    const cost = crossModalCost<Embedded>({ ...terms, weights: { distance: (step) => (step < 5 ? 0 : 1e-3) } });
    const step = trainStep<typeof data>(
      { loss: (batch) => cost(embed(batch)), variables: weights },
      { optimizer: adam({ learningRate: 0.05 }) },
    );
    const records = Array.from({ length: 30 }, () => {
      const metrics = step.run(data);
      const read = Object.fromEntries(Object.entries(metrics).map(([name, x]) => [name, number(x)]));
      tf.dispose(metrics);
      return read as { loss: number; nce: number; distance: number };
    });
    const [first, last] = [records[0], records[29]] as [(typeof records)[0], (typeof records)[0]];
    expect(first.loss).toBeCloseTo(first.nce, 4); // weight 0 at first
    expect(last.loss).toBeCloseTo(last.nce + 1e-3 * last.distance, 4);
    expect(last.nce).toBeLessThan(0.3 * first.nce);
    step.dispose();
  });

  it('alternately: each objective takes its own terms', () => {
    const { data, weights, embed } = encoders();
    const cost = crossModalCost<Embedded>(terms);
    const objective = (name: string): Trainable<typeof data> => ({
      loss: (batch) => cost(embed(batch), { only: [name] }),
      namedVariables: () => weights,
    });
    const model = {
      objectives: { nce: objective('nce'), distance: objective('distance') },
      namedVariables: () => weights,
    };
    const step = alternatingStep(model, {
      objectives: {
        nce: { optimizer: sgd({ learningRate: 1e-3 }) },
        distance: { optimizer: sgd({ learningRate: 1e-3 }) },
      },
    });
    const distances = Array.from({ length: 10 }, () => {
      const metrics = step.run(data);
      expect(Object.keys(metrics).sort()).toEqual(['distance/distance', 'distance/loss', 'nce/loss', 'nce/nce']);
      const value = number(metrics['distance/distance'] as tf.Tensor);
      tf.dispose(metrics);
      return value;
    });
    expect(distances[9]).toBeLessThan(distances[0] as number);
    step.dispose();
  });
});

describe('UncertaintyWeights', () => {
  it('finds exp(s) = L, and reports weights of 1/2 exp(-s)', () => {
    const learned = new UncertaintyWeights(['a', 'b']);
    const cost = crossModalCost<null>({
      unimodal: { a: constant(4), b: constant(0.25) },
      regularisers: { r: constant(1) },
      learned,
    });
    const optimizer = tf.train.sgd(0.5);
    tf.tidy(() => {
      expect(number(cost(null).loss)).toBeCloseTo(2 + 0.125 + 1, 5);
    });
    for (let i = 0; i < 60; i++) optimizer.minimize(() => cost(null).loss, false, learned.variables);
    const [s, t] = learned.variables.map(number) as [number, number];
    expect(s).toBeCloseTo(Math.log(4), 2);
    expect(t).toBeCloseTo(Math.log(0.25), 2);
    tf.tidy(() => {
      expect(number(learned.weight('a'))).toBeCloseTo(0.125, 2);
    });
    expect(Object.keys(learned.namedVariables())).toEqual(['a', 'b']);
    learned.dispose();
  });

  it('refuses unknown names and regularisers', () => {
    const learned = new UncertaintyWeights(['a']);
    expect(() => learned.weight('c')).toThrow(/no weight is called c, there are a/);
    expect(() => crossModalCost({ regularisers: { a: constant(1) }, learned })).toThrow(
      /must not name a regulariser, got a/,
    );
    expect(() => new UncertaintyWeights(['a', 'a'])).toThrow(/names must differ/);
    learned.dispose();
  });
});

describe('gradient balance', () => {
  const shared = () => tf.tensor2d([[3, 4]]);
  const strong = (x: tf.Tensor) => tf.mul(10, tf.sum(tf.square(x))) as Scalar; // gradient 20 x, norm 100
  const weak = (x: tf.Tensor) => tf.sum(x) as Scalar; // norm sqrt 2

  it('measures the norm of each gradient, without leaving a gradient path', () => {
    tf.tidy(() => {
      const norms = gradientNorms({ strong, weak }, [shared()]);
      expect(number(norms['strong'] as tf.Tensor)).toBeCloseTo(100, 3);
      expect(number(norms['weak'] as tf.Tensor)).toBeCloseTo(Math.SQRT2, 5);
      const outer = tf.grad((x) => tf.add(tf.mul(gradientNorms({ strong }, [x])['strong'] as Scalar, 1), tf.sum(x)))(
        shared(),
      );
      expect(outer).toBeAllclose([[1, 1]]);
    });
  });

  it('gives both terms the same gradient norm', async () => {
    const balance = new GradientBalance(['strong', 'weak'], { momentum: 0.5 });
    const input = shared();
    await expectNoLeak(() => {
      const norms = gradientNorms({ strong, weak }, [input]);
      balance.update(norms);
      return norms;
    });
    const { strong: w, weak: v } = balance.weights as { strong: Scalar; weak: Scalar };
    expect(number(w) + number(v)).toBeCloseTo(2, 5);
    expect(number(w) * 100).toBeCloseTo(number(v) * Math.SQRT2, 4);
    tf.dispose(input);
    balance.dispose();
  });

  it('averages norms over steps, and favours the term that has fallen less', () => {
    const balance = new GradientBalance(['a', 'b'], { momentum: 0.5, restoring: 1 });
    tf.tidy(() => {
      balance.update({ a: tf.scalar(1), b: tf.scalar(1) }, { a: tf.scalar(4), b: tf.scalar(4) });
      expect(number(balance.weights['a'] as Scalar)).toBeCloseTo(1, 5);
      balance.update({ a: tf.scalar(3), b: tf.scalar(1) }, { a: tf.scalar(1), b: tf.scalar(3) });
      // norms 2 and 1; losses fell to 1/4 and 3/4, so r = 0.5 and 1.5; weights as 0.5 / 2 to 1.5 / 1
      expect(number(balance.weights['b'] as Scalar) / number(balance.weights['a'] as Scalar)).toBeCloseTo(6, 4);
      expect(() => balance.update({ a: tf.scalar(1) })).toThrow(/norms must have an entry for b, got a/);
    });
    balance.dispose();
  });

  it('fits into a cost', () => {
    const balance = new GradientBalance(['strong', 'weak']);
    tf.tidy(() => {
      const cost = crossModalCost<tf.Tensor>({ unimodal: { strong, weak }, weights: balance.weights });
      balance.update(gradientNorms({ strong, weak }, [shared()]));
      const norm = (f: (x: tf.Tensor) => Scalar) => number(tf.norm(tf.grad(f)(shared())));
      const only = (name: string) => norm((x) => cost(x, { only: [name] }).loss);
      expect(only('strong')).toBeCloseTo(only('weak'), 3);
    });
    balance.dispose();
  });
});

describe('cyclicalAnnealing', () => {
  it('rises from 0 to the maximum in each cycle, and stays there afterwards', () => {
    const beta = cyclicalAnnealing({ steps: 80, cycles: 4, ramp: 0.5, maximum: 2 });
    expect([0, 5, 10, 15, 19, 20, 25, 30, 60, 79, 80, 1000].map(beta)).toEqual([0, 1, 2, 2, 2, 0, 1, 2, 0, 2, 2, 2]);
  });

  it('agrees with the schedules of core on what a schedule is', () => {
    const schedules = [cyclicalAnnealing({ steps: 10 }), dannAnnealing({ steps: 10 })];
    expect(schedules.map((schedule) => schedule(0))).toEqual([0, 0]);
    expect(() => cyclicalAnnealing({ steps: 10, ramp: 0 })).toThrow(/ramp must be a finite number > 0 and <= 1, got 0/);
  });
});
