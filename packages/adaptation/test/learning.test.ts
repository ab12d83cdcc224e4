import type { NamedVariables } from '@crossmodal/core';
import { type Dataset, tensorDataset } from '@crossmodal/core/data';
import { meanAndDeviation } from '@crossmodal/core/metrics';
import { adam } from '@crossmodal/core/optimisers';
import { dannAnnealing } from '@crossmodal/core/schedules';
import { alternatingStep, fit, trainStep } from '@crossmodal/core/train';
import type * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  adda,
  cdan,
  type DomainBatch,
  dan,
  dann,
  deepCoral,
  evaluateClassifier,
  type LabelledBatch,
  pairDomains,
  sourceOnly,
  unfrozen,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseFeatures, shiftedDomains } from './synthetic.js';

useTestBackend('cpu');

describe('adaptation', () => {
  const methods = {
    sourceOnly: (base: Base) => sourceOnly(base),
    dann: (base: Base, steps: number) => dann({ ...base, lambda: dannAnnealing({ steps }), domainHidden: [32] }),
    cdan: (base: Base, steps: number) => cdan({ ...base, lambda: dannAnnealing({ steps }), domainHidden: [32] }),
    dan: (base: Base) => dan(base),
    deepCoral: (base: Base) => deepCoral({ ...base, weight: 30 }),
  };
  type Base = { features: tfl.LayersModel; classes: number; seed: number; hidden: number[] };

  async function targetAccuracy(
    method: keyof typeof methods,
    seed: number,
    training: 'source' | 'target' = 'source',
  ): Promise<number> {
    const dataset = (domain: 'source' | 'target', rows: number, dataSeed: number) => {
      const { x, labels } = shiftedDomains(rows, domain, dataSeed);
      return tensorDataset(
        { inputs: x, labels },
        { batchSize: 64, seed, dropRemainder: true },
      ) as unknown as Dataset<LabelledBatch>;
    };
    const epochs = 20;
    const model = methods[method]({ features: denseFeatures(7, 16, seed), classes: 3, seed, hidden: [16] }, epochs * 8);
    const step = trainStep<DomainBatch>(model, { optimizer: adam({ learningRate: 1e-2 }) });
    await fit(step, pairDomains(dataset(training, 512, 1), dataset('target', 512, 2)), { epochs, progress: false });
    const { accuracy } = await evaluateClassifier(model, dataset('target', 448, 3));
    step.dispose();
    model.dispose();
    return accuracy;
  }

  const seeds = [1, 2, 3];
  const overSeeds = async (method: keyof typeof methods) => {
    const values: number[] = [];
    for (const seed of seeds) values.push(await targetAccuracy(method, seed));
    return { values, mean: meanAndDeviation(values).mean };
  };

  it('learns the target without its labels, far better than without adapting', async () => {
    const reference = await targetAccuracy('sourceOnly', 1, 'target');
    const baseline = await overSeeds('sourceOnly');
    expect(reference).toBeGreaterThan(0.95);
    expect(baseline.mean).toBeLessThan(0.65);
    for (const method of ['dann', 'cdan', 'dan', 'deepCoral'] as const) {
      const adapted = await overSeeds(method);
      expect(adapted.mean, method).toBeGreaterThan(baseline.mean + 0.2);
      adapted.values.forEach((accuracy, i) => {
        expect(accuracy, `${method}, seed ${seeds[i]}`).toBeGreaterThan(baseline.values[i] as number);
      });
    }
  });

  it('adapts a trained classifier by ADDA, or by fine-tuning its head on 48 target labels', async () => {
    const results: Record<string, number[]> = { source: [], adda: [], transfer: [] };
    for (const seed of seeds) {
      const rows = (domain: 'source' | 'target', count: number, dataSeed: number) =>
        shiftedDomains(count, domain, dataSeed);
      const labelled = ({ x, labels }: ReturnType<typeof rows>) =>
        tensorDataset(
          { inputs: x, labels },
          { batchSize: 48, seed, dropRemainder: true },
        ) as unknown as Dataset<LabelledBatch>;
      const sourceFeatures = denseFeatures(7, 16, seed);
      const model = sourceOnly({ features: sourceFeatures, classes: 3, seed, hidden: [16] });
      const train = (variables: NamedVariables, learningRate: number) =>
        trainStep<LabelledBatch>(
          {
            loss: ({ inputs, labels }, { training }) => model.loss({ source: inputs, labels }, { training }),
            variables,
          },
          { optimizer: adam({ learningRate }) },
        );
      await fit(train(model.namedVariables(), 1e-2), labelled(rows('source', 512, 1)), { epochs: 15, progress: false });
      const test = () => labelled(rows('target', 480, 3));
      results['source']?.push((await evaluateClassifier(model, test())).accuracy);

      const adapted = adda({
        source: model,
        sourceFeatures,
        targetFeatures: denseFeatures(7, 16, seed + 50),
        seed,
        hidden: [32],
      });
      const step = alternatingStep(adapted, {
        objectives: {
          discriminator: { optimizer: adam({ learningRate: 5e-3, beta1: 0.5 }) },
          encoder: { optimizer: adam({ learningRate: 5e-3, beta1: 0.5 }) },
        },
      });
      const [source, target] = [rows('source', 512, 1), rows('target', 512, 2)];
      const pairs = tensorDataset({ source: source.x, target: target.x }, { batchSize: 64, seed, dropRemainder: true });
      await fit(step, pairs, { epochs: 20, progress: false });
      results['adda']?.push((await evaluateClassifier(adapted, test())).accuracy);

      const few = labelled(rows('target', 48, 4));
      await fit(train(unfrozen(model.namedVariables(), { frozen: ['features'] }), 2e-2), few, {
        steps: 60,
        progress: false,
      });
      results['transfer']?.push((await evaluateClassifier(model, test())).accuracy);
    }
    for (const accuracy of results['source'] as number[]) expect(accuracy).toBeLessThan(0.7);
    for (const accuracy of results['adda'] as number[]) expect(accuracy).toBeGreaterThan(0.8);
    for (const accuracy of results['transfer'] as number[]) expect(accuracy).toBeGreaterThan(0.8);
  });
});

describe('features that become equal', () => {
  const run = async (options: { weight?: number; learningRate: number }) => {
    const { learningRate, ...own } = options;
    const data = (domain: 'source' | 'target') => {
      const { x, labels } = shiftedDomains(256, domain, 1);
      return tensorDataset({ inputs: x, labels }, { batchSize: 64, seed: 1 }) as unknown as Dataset<LabelledBatch>;
    };
    const model = dan({ features: denseFeatures(7, 16, 1), classes: 3, seed: 1, hidden: [16], ...own });
    const step = trainStep<DomainBatch>(model, { optimizer: adam({ learningRate }) });
    const history = await fit(step, pairDomains(data('source'), data('target')), { steps: 120, progress: false });
    step.dispose();
    model.dispose();
    return { notes: history.notes.join(' '), spread: history.records.at(-1)!.metrics['spread'] as number };
  };

  it('are not passed over: the run says so, and what to try', async () => {
    // Far too much weight on a distance that is zero where everything is.
    const { notes, spread } = await run({ weight: 100, learningRate: 0.1 });
    expect(spread).toBeLessThan(1e-4);
    expect(notes).toMatch(
      /all features are equal: 'spread' has been below 0\.0001.* a smaller weight of terms that make/,
    );
  });

  it('do not come of the defaults', async () => {
    const { notes, spread } = await run({ learningRate: 1e-2 });
    expect(notes).toBe('');
    expect(spread).toBeGreaterThan(0.1);
  });
});
