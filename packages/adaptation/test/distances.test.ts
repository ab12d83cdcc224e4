import { sgd } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DanOptions, type DomainBatch, dan, deepCoral } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { assign, hiddenLayer } from './networks.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

describe.each([
  ['deep_coral_step', (options: DanOptions) => deepCoral(options)],
  ['dan_step', (options: DanOptions) => dan({ ...options, estimator: 'linear-time' })],
  ['dan_full_step', (options: DanOptions) => dan(options)],
])('%s', (name, build) => {
  it('agrees with torch and PyKale: terms, gradients and one update', () => {
    const { entry, tolerance, input, output } = goldenCase('adaptation', name);
    const { trade, lr } = entry.options as { trade: number; lr: number };
    const make = () => {
      const model = build({ features: hiddenLayer(20, 16), classes: 4, seed: 1, hidden: [], weight: trade });
      const weights = {
        'features/hidden/kernel': 'w1',
        'features/hidden/bias': 'b1',
        'label/0/kernel': 'w2',
        'label/0/bias': 'b2',
      };
      assign(
        model.namedVariables(),
        Object.fromEntries(Object.entries(weights).map(([key, value]) => [key, input(value)])),
      );
      return { model, weights };
    };
    const batch: DomainBatch = { source: input('source'), target: input('target'), labels: input<Tensor1D>('labels') };
    const { model, weights } = make();
    const terms = model.loss(batch, { training: true });
    expect(terms.classification).toBeAllclose(output('ce'), tolerance);
    expect(terms['distance'] as Scalar).toBeAllclose(output('distance'), tolerance);
    expect(terms.loss).toBeAllclose(output('loss'), tolerance);
    const { grads } = tf.variableGrads(() => model.loss(batch, { training: true }).loss, model.trainableVariables());
    const variables = model.namedVariables();
    for (const [key, golden] of Object.entries(weights)) {
      expect(grads[variables[key]?.name as string] as tf.Tensor, key).toBeAllclose(output(`grad.${golden}`), tolerance);
    }
    const step = trainStep<DomainBatch>(model, { optimizer: sgd({ learningRate: lr }) });
    step.run(batch);
    for (const [key, golden] of Object.entries(weights)) {
      expect(variables[key] as tf.Tensor, key).toBeAllclose(output(`after.${golden}`), tolerance);
    }
  });
});

describe('dan and deepCoral', () => {
  const batch = (): DomainBatch => ({
    source: seededMatrix(8, 20, 1),
    target: seededMatrix(8, 20, 2),
    labels: tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], 'int32'),
  });

  it('compare features, logits or both, and weigh the distance', () => {
    const term = (options: object, key: string) => {
      const model = dan({ features: hiddenLayer(20, 16), classes: 4, seed: 1, ...options });
      const source = seededMatrix(20, 16, 5);
      assign(model.namedVariables(), { 'features/hidden/kernel': source });
      const value = (model.loss(batch())[key] as Scalar).dataSync()[0] as number;
      model.dispose();
      return value;
    };
    const features = term({}, 'distance');
    const logits = term({ match: ['logits'] }, 'distance');
    expect(term({ match: ['features', 'logits'] }, 'distance')).toBeCloseTo(features + logits, 5);
    expect(term({ weight: 3 }, 'domain')).toBeCloseTo(3 * features, 5);
    expect(features).not.toBeCloseTo(logits, 3);
  });

  it('find nothing between a sample and itself', () => {
    for (const model of [
      dan({ features: hiddenLayer(20, 16), classes: 4, seed: 1 }),
      deepCoral({ features: hiddenLayer(20, 16), classes: 4, seed: 1 }),
    ]) {
      const same = seededMatrix(8, 20, 1);
      const labels = tf.zeros([8], 'int32') as Tensor1D;
      expect(model.loss({ source: same, target: same, labels })['distance'] as Scalar).toBeAllclose(0, { atol: 1e-6 });
      model.dispose();
    }
  });

  it('refuse what they cannot compare, and leak nothing', async () => {
    const options = { features: hiddenLayer(20, 16), classes: 4, seed: 1, joint: true };
    expect(() => dan({ ...options, match: [] })).toThrow("match must list 'features', 'logits' or both, got []");
    expect(() => deepCoral({ ...options, weight: -1 })).toThrow(
      'weight must be a number of at least 0, or a schedule, got -1',
    );
    const model = deepCoral(options);
    const { source, labels } = batch();
    expect(() => model.loss({ source, labels })).toThrow('a batch needs a target');
    await expectNoLeakWhenThrowing(
      () => void dan({ ...options, match: [] }),
      "dan: match must list 'features', 'logits' or both",
    );
    await expectNoLeak(() => deepCoral({ features: hiddenLayer(20, 16), classes: 4, seed: 1 }).dispose());
    const good = batch();
    await expectNoLeak(() => model.loss(good, { training: true }));
    const narrow: DomainBatch = { ...good, target: seededMatrix(8, 19, 1) as Tensor2D };
    expect(() => model.loss(narrow)).toThrow(
      'source and target inputs must agree beyond the batch, got [8,20] and [8,19]',
    );
    await expectNoLeakWhenThrowing(() => model.loss(narrow), 'deepCoral: source and target inputs must agree bey');
  });
});
