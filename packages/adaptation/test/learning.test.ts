import { adam, type Dataset, dannAnnealing, fit, meanAndDeviation, tensorDataset, trainStep } from '@crossmodal/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  cdan,
  type DomainBatch,
  dan,
  dann,
  deepCoral,
  evaluateClassifier,
  type LabelledBatch,
  pairDomains,
  sourceOnly,
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
    const epochs = 25;
    const model = methods[method]({ features: denseFeatures(7, 16, seed), classes: 3, seed, hidden: [16] }, epochs * 8);
    const step = trainStep<DomainBatch>({
      loss: (batch) => model.loss(batch, { training: true }),
      variables: model.trainableVariables(),
      optimizer: adam({ learningRate: 1e-2 }),
    });
    await fit(step, pairDomains(dataset(training, 512, 1), dataset('target', 512, 2)), { epochs, progress: false });
    const { accuracy } = await evaluateClassifier(model, dataset('target', 448, 3));
    step.dispose();
    model.dispose();
    return accuracy;
  }

  const seeds = [1, 2, 3];
  const overSeeds = async (method: keyof typeof methods, training: 'source' | 'target' = 'source') => {
    const values: number[] = [];
    for (const seed of seeds) values.push(await targetAccuracy(method, seed, training));
    return { values, mean: meanAndDeviation(values).mean };
  };

  it('learns the target without its labels, far better than without adapting', async () => {
    const reference = await overSeeds('sourceOnly', 'target');
    const baseline = await overSeeds('sourceOnly');
    expect(reference.mean).toBeGreaterThan(0.95);
    expect(baseline.mean).toBeLessThan(0.65);
    for (const method of ['dann', 'cdan', 'dan', 'deepCoral'] as const) {
      const adapted = await overSeeds(method);
      expect(adapted.mean, method).toBeGreaterThan(baseline.mean + 0.2);
      adapted.values.forEach((accuracy, i) => {
        expect(accuracy, `${method}, seed ${seeds[i]}`).toBeGreaterThan(baseline.values[i] as number);
      });
    }
  });
});
