import { type Dataset, tensorDataset } from '@crossmodal/core/data';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  collectFeatures,
  densityRatios,
  domainPicture,
  evaluateClassifier,
  evaluateDomains,
  type LabelledBatch,
  pairDomains,
  principalComponents,
  proxyADistance,
  sourceOnly,
  unfrozen,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { denseFeatures, seededMatrix } from './synthetic.js';

useTestBackend();

/** Answers with its input as logits. */
const echo = {
  classify: (inputs: unknown) => tf.clone(inputs as Tensor2D),
  features: (inputs: unknown) => tf.clone(inputs as Tensor2D),
};

describe('evaluateClassifier', () => {
  it('counts right answers, over batches of any size', async () => {
    const logits = tf.tensor2d([
      [2, 1, 0],
      [0, 3, 1],
      [1, 0, 0],
      [0, 0, 5],
      [0, 9, 8],
    ]);
    const labels = tf.tensor1d([0, 1, 1, 2, 2], 'int32');
    const data = () => tensorDataset({ inputs: logits, labels }, { batchSize: 2, shuffle: false });
    const result = await evaluateClassifier(echo, data() as Dataset<LabelledBatch>);
    expect(result).toEqual({
      accuracy: 3 / 5,
      // Per class F1: 0: 2/3, 1: 1/2, 2: 2/3.
      macroF1: expect.closeTo((2 / 3 + 1 / 2 + 2 / 3) / 3, 10),
      confusion: [
        [1, 0, 0],
        [1, 1, 0],
        [0, 1, 1],
      ],
      items: 5,
    });
    const both = await evaluateDomains(echo, {
      source: data() as Dataset<LabelledBatch>,
      target: data() as Dataset<LabelledBatch>,
    });
    expect(both.target).toEqual(result);
    expect(await collectFeatures(echo, data())).toBeAllclose(logits);
  });

  it('refuses an empty dataset and leaks nothing', async () => {
    const empty: Dataset<LabelledBatch> = { async *iterate() {} };
    await expect(evaluateClassifier(echo, empty)).rejects.toThrow('at least one batch, got none');
    await expect(collectFeatures(echo, empty)).rejects.toThrow('at least one batch, got none');
    const logits = seededMatrix(5, 3, 1);
    const labels = tf.zeros([5], 'int32') as Tensor1D;
    const data = () => tensorDataset({ inputs: logits, labels }, { batchSize: 2 }) as Dataset<LabelledBatch>;
    await expectNoLeak(async () => void (await evaluateClassifier(echo, data())));
    const failing = {
      classify: () => {
        throw new Error('broken');
      },
    };
    await expectNoLeakWhenThrowing(async () => void (await evaluateClassifier(failing, data())), 'broken');
    await expectNoLeak(() => collectFeatures(echo, data()));
  });
});

describe('pairDomains', () => {
  const numbers = (from: number, count: number) => tf.tensor2d(Array.from({ length: count }, (_, i) => [from + i]));
  const dataset = (rows: Tensor2D, labels: boolean) =>
    tensorDataset(
      { inputs: rows, ...(labels ? { labels: tf.zeros([rows.shape[0]], 'int32') as Tensor1D } : {}) },
      { batchSize: 2, seed: 1, dropRemainder: true },
    );

  it('passes over the source once and over the target as often as needed, hiding its labels', async () => {
    const paired = pairDomains(
      dataset(numbers(0, 10), true) as Dataset<LabelledBatch>,
      dataset(numbers(100, 4), true) as Dataset<{ inputs: Tensor2D }>,
    );
    expect(paired.batchesPerEpoch).toBe(5);
    const run = async (epoch: number) => {
      const seen: { source: number[]; target: number[] } = { source: [], target: [] };
      for await (const batch of paired.iterate(epoch)) {
        expect(Object.keys(batch).sort()).toEqual(['labels', 'source', 'target']);
        seen.source.push(...(batch.source as Tensor2D).dataSync());
        seen.target.push(...(batch.target as Tensor2D).dataSync());
        tf.dispose(batch as unknown as tf.TensorContainer);
      }
      return seen;
    };
    const first = await run(0);
    expect([...first.source].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(first.target).toHaveLength(10);
    for (const start of [0, 4]) expect([...first.target.slice(start, start + 4)].sort()).toEqual([100, 101, 102, 103]);
    expect(await run(0)).toEqual(first);
    expect(await run(1)).not.toEqual(first);
  });

  it('refuses an empty target and leaks nothing, also when left early', async () => {
    const source = numbers(0, 6);
    const target = numbers(100, 6);
    const labels = tf.zeros([6], 'int32') as Tensor1D;
    const make = (to: Dataset<{ inputs: Tensor2D }>) =>
      pairDomains(tensorDataset({ inputs: source, labels }, { batchSize: 2 }) as Dataset<LabelledBatch>, to);
    const empty = make({ async *iterate() {} });
    const drain = async (paired: typeof empty, most: number) => {
      let count = 0;
      for await (const batch of paired.iterate(0)) {
        tf.dispose(batch as unknown as tf.TensorContainer);
        if (++count === most) break;
      }
    };
    await expect(drain(empty, 9)).rejects.toThrow('the target must give at least one batch, got none');
    await expectNoLeakWhenThrowing(
      () => drain(make({ async *iterate() {} }), 9),
      'pairDomains: the target must give at least one bat',
    );
    await expectNoLeak(() => drain(make(tensorDataset({ inputs: target }, { batchSize: 3 })), 9));
    await expectNoLeak(() => drain(make(tensorDataset({ inputs: target }, { batchSize: 3 })), 1));
  });
});

describe('principalComponents', () => {
  it('agrees with scikit-learn', async () => {
    const { tolerance, input, output } = goldenCase('distribution', 'pca');
    const x = input<Tensor2D>('x');
    const pca = await principalComponents(x, { components: 5 });
    expect(pca.components).toBeAllclose(output('components'), tolerance);
    expect([...pca.explainedVariance]).toBeAllclose(output('explained_variance') as tf.Tensor, tolerance);
    expect([...pca.explainedVarianceRatio]).toBeAllclose(output('explained_variance_ratio') as tf.Tensor, tolerance);
    expect(pca.project(x)).toBeAllclose(output('projected'), tolerance);
    expect(pca.project(x, { whiten: true })).toBeAllclose(output('whitened'), tolerance);
    const singular = pca.explainedVariance.map((value) => Math.sqrt(value * (x.shape[0] - 1)));
    expect(singular).toBeAllclose(output('singular_values') as tf.Tensor, tolerance);
  });

  it('finds few directions among many columns', async () => {
    const directions = tf.linalg.gramSchmidt(seededMatrix(3, 200, 1)) as Tensor2D;
    const scores = tf.mul(seededMatrix(60, 3, 2), tf.tensor1d([9, 5, 2])) as Tensor2D;
    const x = tf.add(tf.add(tf.matMul(scores, directions), 7), tf.mul(seededMatrix(60, 200, 3), 0.01)) as Tensor2D;
    const { components, explainedVarianceRatio } = await principalComponents(x, { components: 3 });
    const inPlane = tf.sum(tf.square(tf.matMul(components, directions, false, true)), 1);
    expect(inPlane).toBeAllclose([1, 1, 1], { atol: 1e-3 });
    expect(explainedVarianceRatio.reduce((sum, ratio) => sum + ratio, 0)).toBeGreaterThan(0.99);
    expect(await principalComponents(x, { components: 3, seed: 5 })).toMatchObject({
      explainedVarianceRatio: explainedVarianceRatio.map((r) => expect.closeTo(r, 8)),
    });
  });

  it('places domains in one picture', async () => {
    const source = seededMatrix(5, 4, 1);
    const target = tf.add(seededMatrix(3, 4, 2), tf.tensor1d([50, 0, 0, 0])) as Tensor2D;
    const points = await domainPicture({ source, target });
    expect(points['source']).toHaveLength(5);
    expect(points['target']).toHaveLength(3);
    const x = (name: string) => points[name]?.map(([first]) => first) as number[];
    expect(Math.min(...x('target'))).toBeGreaterThan(Math.max(...x('source')) + 30);
  });

  it('refuses what has no components, and leaks nothing', async () => {
    await expect(principalComponents(tf.zeros([1, 3]))).rejects.toThrow('at least two rows, got shape [1,3]');
    await expect(principalComponents(tf.zeros([4, 3]), { components: 4 })).rejects.toThrow('from 1 to 3, got 4');
    await expect(principalComponents(tf.fill([4, 3], Number.POSITIVE_INFINITY))).rejects.toThrow(
      'must be finite, got Infinity',
    );
    const flat = await principalComponents(tf.ones([4, 3]));
    expect(flat.explainedVariance).toEqual([0, 0]);
    const x = seededMatrix(6, 3, 1);
    const wrong = tf.zeros([2, 2]) as Tensor2D;
    await expectNoLeak(async () => (await principalComponents(x)).dispose());
    await expectNoLeak(async () => void (await domainPicture({ a: x, b: x })));
    await expectNoLeakWhenThrowing(
      async () => void (await domainPicture({ a: x, b: wrong })),
      'Error in concat2D: Shape of tensors[1] (2,2) does ',
    );
  });
});

describe('proxyADistance', () => {
  it('is 0 for one distribution, 2 for two that never meet, between otherwise', async () => {
    const a = seededMatrix(200, 5, 1);
    const shift = (by: number, seed: number) =>
      tf.add(seededMatrix(120, 5, seed), tf.tensor1d([by, 0, 0, 0, 0])) as Tensor2D;
    expect((await proxyADistance(a, shift(0, 2))).distance).toBeLessThan(0.35);
    const far = await proxyADistance(a, shift(20, 3));
    expect(far).toEqual({ distance: 2, error: 0 });
    // The best possible error between N(0, 1) and N(2, 1) is Phi(-1) = 0.159: a distance of 1.365.
    expect((await proxyADistance(a, shift(2, 4))).distance).toBeAllclose(1.365, { atol: 0.25 });
  });

  it('repeats itself, refuses too little data, leaks nothing', async () => {
    const [a, b] = [seededMatrix(20, 3, 1), seededMatrix(20, 3, 2)];
    expect(await proxyADistance(a, b, { seed: 3 })).toEqual(await proxyADistance(a, b, { seed: 3 }));
    const broken = tf.tensor2d([...Array.from({ length: 4 }, () => [1, 2]), [0, Number.NaN]]);
    await expect(proxyADistance(broken, tf.ones([4, 2]))).rejects.toThrow('source must be finite, got NaN in row 4');
    await expect(densityRatios(tf.ones([4, 2]), broken)).rejects.toThrow('target must be finite, got NaN in row 4');
    await expect(proxyADistance(a, seededMatrix(3, 3, 1))).rejects.toThrow('got [20,3] and [3,3]');
    await expectNoLeak(async () => void (await proxyADistance(a, b, { steps: 3 })));
  });
});

describe('unfrozen', () => {
  it('leaves out frozen parts, by prefix or pattern', () => {
    const model = sourceOnly({ features: denseFeatures(4, 3, 1), classes: 2, seed: 1 });
    const all = model.namedVariables();
    expect(Object.keys(unfrozen(all, { frozen: [] }))).toEqual(Object.keys(all));
    expect(Object.keys(unfrozen(all, { frozen: ['features'] }))).toEqual([
      'label/0/kernel',
      'label/0/bias',
      'label/1/kernel',
      'label/1/bias',
    ]);
    expect(Object.keys(unfrozen(all, { frozen: ['features', /bias$/g] }))).toEqual([
      'label/0/kernel',
      'label/1/kernel',
    ]);
    // A text is the beginning of names, wherever it ends: `layer1` is all of layer1a and layer1b.
    expect(Object.keys(unfrozen(all, { frozen: ['feat', 'label/0'] }))).toEqual(['label/1/kernel', 'label/1/bias']);
    expect(() => unfrozen(all, { frozen: ['eatures'] })).toThrow("'eatures' matches none of features/dense/kernel");
    expect(() => unfrozen(all, { frozen: [/./] })).toThrow('at least one trainable variable must be left');
  });
});
