import { Random } from '@crossmodal/core';
import { type Dataset, tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type DomainBatch,
  dann,
  densityRatios,
  importanceWeightedRisk,
  type LabelledBatch,
  mcc,
  minimumClassConfusion,
  pairDomains,
  predictionEntropy,
  scoresWithoutLabels,
  softNeighbourhoodDensity,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import golden from './golden/without-labels.json' with { type: 'json' };
import { denseFeatures, seededMatrix, shiftedDomains } from './synthetic.js';

useTestBackend('cpu');

const number = (x: tf.Tensor) => x.dataSync()[0] as number;
const equal = (rows: number, classes: number) => tf.zeros([rows, classes]) as Tensor2D;
const sure = (labels: number[], classes: number) =>
  tf.mul(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 100) as Tensor2D;

describe.each(golden.cases.map((values, index) => ({ index, ...values })))('golden case $index', (values) => {
  const logits = () => tf.tensor2d(values.logits);

  it('minimumClassConfusion and its gradient agree with torch', () => {
    const { temperature } = values;
    expect(minimumClassConfusion(logits(), { temperature })).toBeAllclose(values.confusion, { rtol: 1e-5 });
    const gradient = tf.grad((z) => minimumClassConfusion(z as Tensor2D, { temperature }))(logits());
    expect(gradient).toBeAllclose(tf.tensor2d(values.gradient), { rtol: 1e-4, atol: 1e-6 });
  });

  it('softNeighbourhoodDensity and predictionEntropy agree with torch', () => {
    for (const [temperature, density] of Object.entries(values.density)) {
      const own = softNeighbourhoodDensity(logits(), { temperature: Number(temperature) });
      expect(own, temperature).toBeAllclose(density, { rtol: 1e-4 });
    }
    const { entropy, information } = predictionEntropy(logits());
    expect(entropy).toBeAllclose(values.entropy, { rtol: 1e-5 });
    expect(information).toBeAllclose(values.information, { rtol: 1e-4 });
  });

  it('importanceWeightedRisk agrees with numpy', () => {
    const { losses, weights } = values;
    expect(importanceWeightedRisk(losses, weights)).toBeCloseTo(values.riskWithControl, 10);
    expect(importanceWeightedRisk(losses, weights, { controlVariate: false })).toBeCloseTo(values.risk, 10);
    expect(importanceWeightedRisk(tf.tensor1d(losses), tf.tensor1d(weights))).toBeCloseTo(values.riskWithControl, 5);
  });
});

describe('minimumClassConfusion', () => {
  it('is (classes - 1) / classes when nothing is known, and 0 when everything is', () => {
    expect(number(minimumClassConfusion(equal(6, 4)))).toBeCloseTo(0.75, 6);
    expect(number(minimumClassConfusion(sure([0, 1, 2, 3, 1], 4), { temperature: 1 }))).toBeCloseTo(0, 6);
  });

  it('does not count a class that no item has as confused', () => {
    expect(number(minimumClassConfusion(sure([0, 1, 0, 1, 1], 4), { temperature: 1 }))).toBeCloseTo(0, 6);
  });

  it('refuses what it cannot take, and leaks nothing', async () => {
    expect(() => minimumClassConfusion(tf.zeros([3]) as never)).toThrow('logits must be [batch, classes], got [3]');
    expect(() => minimumClassConfusion(equal(2, 2), { temperature: 0 })).toThrow('positive number, got 0');
    expect(() => minimumClassConfusion(equal(2, 2), { temprature: 1 } as never)).toThrow("did you mean 'temperature'?");
    const logits = seededMatrix(6, 3, 1);
    await expectNoLeak(() => minimumClassConfusion(logits));
    await expectNoLeakWhenThrowing(() => void minimumClassConfusion(logits, { temperature: -1 }), 'got -1');
  });

  it('is what mcc adds, by its weight', () => {
    const model = mcc({ features: denseFeatures(5, 8, 1), classes: 3, seed: 1, hidden: [], weight: 0.5 });
    const [source, target] = [seededMatrix(6, 5, 1), seededMatrix(6, 5, 2)];
    const terms = model.loss({ source, target, labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32') });
    const confusion = number(minimumClassConfusion(model.classify(target)));
    expect(number(terms['confusion'] as tf.Tensor)).toBeCloseTo(confusion, 5);
    expect(number(terms.loss)).toBeCloseTo(number(terms.classification) + 0.5 * confusion, 5);
  });
});

describe('softNeighbourhoodDensity', () => {
  it('is log(n - 1) when all items are alike, and log(m - 1) when groups of m are sure of classes of their own', () => {
    expect(number(softNeighbourhoodDensity(equal(9, 4)))).toBeCloseTo(Math.log(8), 5);
    expect(number(softNeighbourhoodDensity(sure([0, 0, 0, 1, 1, 1, 2, 2, 2], 3)))).toBeCloseTo(Math.log(2), 4);
  });

  it('is the same for more items than are compared at a time as by a naive loop', () => {
    const logits = seededMatrix(1100, 3, 2);
    const units = (tf.softmax(logits).arraySync() as number[][]).map((row) => {
      const norm = Math.hypot(...row);
      return row.map((value) => value / norm);
    });
    const entropies = units.map((own, i) => {
      const others = units
        .filter((_, j) => j !== i)
        .map((row) => row.reduce((sum, x, k) => sum + x * own[k]!, 0) / 0.05);
      const weights = others.map((z) => Math.exp(z - 20)); // z is at most 1 / 0.05
      const sum = weights.reduce((total, weight) => total + weight, 0);
      return -weights.reduce((total, weight) => total + (weight / sum) * Math.log(weight / sum), 0);
    });
    const mean = entropies.reduce((total, entropy) => total + entropy, 0) / 1100;
    expect(number(softNeighbourhoodDensity(logits)) / mean).toBeCloseTo(1, 3);
    // Pairs that are sure of a class of their own have one neighbour each: log 1. Were an item its own neighbour, it would be log 2.
    const pairs = sure(
      [...units.keys()].map((i) => i >> 1),
      550,
    );
    expect(number(softNeighbourhoodDensity(pairs))).toBeCloseTo(0, 3);
  });

  it('refuses one item, and leaks nothing', async () => {
    expect(() => softNeighbourhoodDensity(equal(1, 3))).toThrow('at least two items, got [1,3]');
    const logits = seededMatrix(6, 3, 1);
    await expectNoLeak(() => softNeighbourhoodDensity(logits));
    await expectNoLeakWhenThrowing(() => void softNeighbourhoodDensity(logits, { temperature: 0 }), 'got 0');
  });
});

describe('predictionEntropy', () => {
  it('knows sure and varied predictions from sure and equal ones', () => {
    const varied = predictionEntropy(sure([0, 1, 2, 3], 4));
    expect(number(varied.entropy)).toBeCloseTo(0, 6);
    expect(number(varied.information)).toBeCloseTo(Math.log(4), 5);
    const one = predictionEntropy(sure([2, 2, 2, 2], 4));
    expect([number(one.entropy), number(one.information)]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
    const open = predictionEntropy(equal(3, 4));
    expect(number(open.entropy)).toBeCloseTo(Math.log(4), 6);
    expect(number(open.information)).toBeCloseTo(0, 6);
  });

  it('refuses a vector, and leaks nothing', async () => {
    expect(() => predictionEntropy(tf.zeros([3]) as never)).toThrow('must be [items, classes], got [3]');
    const logits = seededMatrix(6, 3, 1);
    await expectNoLeak(() => predictionEntropy(logits));
  });
});

describe('densityRatios', () => {
  it('come near the ratio of two normal densities', async () => {
    const random = new Random(1);
    const rows = (count: number, mean: number) =>
      tf.tensor2d(Array.from({ length: count }, () => [mean + random.normal()]));
    const source = rows(2000, 0);
    const ratios = await densityRatios(source, rows(2000, 1), { regularisation: 0 });
    // N(1, 1) / N(0, 1) at x is exp(x - 1/2).
    const exact = [...(await source.data())].map((x) => Math.exp(x - 0.5));
    const error = exact.reduce((sum, value, i) => sum + Math.abs(Math.log(value / (ratios[i] as number))), 0) / 2000;
    expect(error).toBeLessThan(0.12);
  });

  it('refuse other columns, and leak nothing', async () => {
    await expect(densityRatios(equal(8, 3), equal(8, 2))).rejects.toThrow('equally many columns, got [8,3] and [8,2]');
    await expect(densityRatios(equal(3, 2), equal(8, 2))).rejects.toThrow('at least four rows');
    await expect(densityRatios(equal(8, 2), equal(8, 2), { sed: 1 } as never)).rejects.toThrow("did you mean 'seed'?");
    const [a, b] = [seededMatrix(8, 3, 1), seededMatrix(8, 3, 2)];
    await expectNoLeak(async () => void (await densityRatios(a, b, { steps: 5 })));
  });
});

describe('importanceWeightedRisk', () => {
  it('is the mean loss under equal weights, and that of the items that count', () => {
    expect(importanceWeightedRisk([0, 1, 1, 0], [1, 1, 1, 1])).toBe(0.5);
    expect(importanceWeightedRisk([0, 1, 1, 0], [2, 0, 0, 2])).toBe(0);
    expect(importanceWeightedRisk([0, 1, 1, 0], [0, 2, 2, 0])).toBe(1);
  });

  it('takes a constant loss for what it is, whatever the weights are', () => {
    expect(importanceWeightedRisk([0.3, 0.3, 0.3], [0.1, 0.9, 4])).toBeCloseTo(0.3, 10);
    expect(importanceWeightedRisk([0.3, 0.3, 0.3], [0.1, 0.9, 4], { controlVariate: false })).toBeCloseTo(0.5, 10);
  });

  it('refuses what it cannot weigh', () => {
    expect(() => importanceWeightedRisk([], [])).toThrow('at least 1, got 0 and 0');
    expect(() => importanceWeightedRisk([1], [1, 2])).toThrow('equal length, at least 1, got 1 and 2');
    expect(() => importanceWeightedRisk([1, 2], [1, -2])).toThrow('must not be negative, got -2');
    expect(() => importanceWeightedRisk([1, Number.NaN], [1, 2])).toThrow('losses must be finite numbers, got NaN');
  });
});

describe('scoresWithoutLabels', () => {
  const rows = (domain: 'source' | 'target', count: number, seed: number) => {
    const { x, labels } = shiftedDomains(count, domain, seed);
    const options = { batchSize: 64, seed, dropRemainder: true };
    return tensorDataset({ inputs: x, labels }, options) as unknown as Dataset<LabelledBatch>;
  };

  it('stop a run through fit, and put the chosen weights back', async () => {
    const model = dann({ features: denseFeatures(7, 16, 1), classes: 3, seed: 1, hidden: [16], lambda: 0.5 });
    const step = trainStep<DomainBatch>(model, { optimizer: adam({ learningRate: 1e-2, beta1: 0.5 }) });
    const held = { source: rows('source', 256, 5), target: rows('target', 256, 6) };
    const history = await fit(step, pairDomains(rows('source', 512, 1), rows('target', 512, 2)), {
      epochs: 30,
      progress: false,
      validate: () => scoresWithoutLabels(model, held, { steps: 40 }),
      earlyStopping: { metric: 'information', better: 'higher', patience: 2, restoreBest: true },
    });
    const values = history.validations.map(({ metrics }) => metrics['information'] as number);
    expect(values.length).toBeLessThan(30);
    const { information, ...others } = await scoresWithoutLabels(model, held, { steps: 40 });
    expect(information).toBeCloseTo(Math.max(...values), 4);
    expect(others.sourceAccuracy).toBeGreaterThan(0.8);
    expect(others.entropy).toBeLessThan(Math.log(3));
    step.dispose();
    model.dispose();
  });

  it('leak nothing, also when the target is empty', async () => {
    const model = dann({ features: denseFeatures(7, 16, 1), classes: 3, seed: 1, hidden: [16], lambda: 0.5 });
    const data = { source: rows('source', 128, 5), target: rows('target', 128, 6) };
    await expectNoLeak(async () => void (await scoresWithoutLabels(model, data, { steps: 5 })));
    const empty: Dataset<LabelledBatch> = { async *iterate() {} };
    await expectNoLeakWhenThrowing(
      async () => void (await scoresWithoutLabels(model, { ...data, target: empty })),
      'at least one batch, got none',
    );
    model.dispose();
  });
});
