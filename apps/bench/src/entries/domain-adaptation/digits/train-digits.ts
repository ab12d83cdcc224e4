import {
  type DomainAdapter,
  type DomainBatch,
  digitFeatures,
  type Evaluation,
  evaluateClassifier,
  type LabelledBatch,
  proxyADistance,
} from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/data';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import { adam } from '@crossmodal/core/optimisers';
import type { History } from '@crossmodal/core/train';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../../entry.js';
import { batchesOf } from '../../shared/batches.js';
import { trainToEnd } from '../../shared/train.js';
import { type DigitDomain, digitTensor } from './digit-domains.js';
import { type DigitMethod, digitMethods } from './digit-methods.js';

/** Size of the extractor and length of the training. */
export interface DigitSettings {
  filters: [number, number];
  steps: number;
  /** Pictures of each domain in a batch. */
  batchSize: number;
  /** Training pictures of each domain. */
  limit: number;
  /** How often features are measured on the way. */
  measurements: number;
}

/** What came of a training. */
export interface DigitResult {
  target: Evaluation;
  source: Evaluation;
  untrained: number;
  history: History;
  /** Features of the same test digits in both domains. */
  features: { source: number[][]; target: number[][] };
}

/** Test pictures that features are taken of: for proxy A-distance and map. */
const featureRows = 400;

/** Trains one method and judges it on both domains. */
export async function trainDigits(
  method: DigitMethod,
  domains: { source: DigitDomain; target: DigitDomain },
  { filters, steps, batchSize, measurements }: DigitSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: Followed },
): Promise<DigitResult> {
  const { source, target } = domains;
  // Not zero: TensorFlow.js takes a seed of zero for none.
  const features = digitFeatures({ seed: seed + 1, filters, normalisation: 'batch' });
  const model: DomainAdapter = digitMethods[method]({ features, classes: 10, seed }, steps);
  const labels = shuffle ? new Random(seed).fork('control').shuffle([...source.train.labels]) : source.train.labels;
  const order = new Random(seed).fork('target');
  const data = batchesOf(
    source.train.count,
    (rows): DomainBatch => ({
      source: digitTensor(source.train, rows),
      labels: tf.tensor1d(
        rows.map((row) => labels[row] as number),
        'int32',
      ),
      ...(method === 'source only'
        ? {}
        : {
            target: digitTensor(
              target.train,
              rows.map(() => order.integer(target.train.count)),
            ),
          }),
    }),
    { batchSize, seed },
  );
  const accuracy = async (set: LabelledImages) => evaluateClassifier(model, inOrder(set, set.count));
  const { accuracy: untrained } = await accuracy(target.test);
  const history = await trainToEnd(model, adam({ learningRate: 1e-3, beta1: 0.5 }), data, {
    steps,
    ...follow,
    validateEverySteps: Math.max(1, Math.floor(steps / measurements)),
    validate: async () => {
      const rows = await featuresOf(model, domains);
      const { distance } = await proxyADistance(rows.source, rows.target, { seed, steps: 100 });
      tf.dispose(rows);
      return { 'proxy A-distance': distance, 'target accuracy': (await accuracy(target.test)).accuracy };
    },
  });
  const rows = await featuresOf(model, domains);
  const result = {
    target: await accuracy(target.test),
    source: await accuracy(source.test),
    untrained,
    history,
    features: { source: await rows.source.array(), target: await rows.target.array() },
  };
  tf.dispose(rows);
  model.dispose();
  return result;
}

/** The first pictures of a set in their order. */
function inOrder(set: LabelledImages, count: number): Dataset<LabelledBatch> {
  const batch = 250;
  return {
    async *iterate() {
      for (let start = 0; start < Math.min(count, set.count); start += batch) {
        const rows = Array.from({ length: Math.min(batch, count - start, set.count - start) }, (_, i) => start + i);
        yield {
          inputs: digitTensor(set, rows),
          labels: tf.tensor1d(
            rows.map((row) => set.labels[row] as number),
            'int32',
          ),
        };
      }
    },
  };
}

async function featuresOf(
  model: DomainAdapter,
  { source, target }: { source: DigitDomain; target: DigitDomain },
): Promise<{ source: Tensor2D; target: Tensor2D }> {
  const of = async (set: LabelledImages): Promise<Tensor2D> => {
    const inputs = digitTensor(
      set,
      Array.from({ length: Math.min(featureRows, set.count) }, (_, row) => row),
    );
    const rows = model.features(inputs);
    inputs.dispose();
    return rows;
  };
  return { source: await of(source.test), target: await of(target.test) };
}
