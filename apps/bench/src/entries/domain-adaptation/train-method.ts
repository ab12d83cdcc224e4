import {
  type DomainAdapter,
  type DomainBatch,
  type Evaluation,
  evaluateClassifier,
  type Features,
  proxyADistance,
  type ScoresWithoutLabels,
  scoresWithoutLabels,
} from '@crossmodal/adaptation';
import { Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import type { History } from '@crossmodal/core/train';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import { type Domain, inOrder, type LabelledSet, labelTensor } from './labelled-set.js';
import type { Method } from './methods.js';

/** Length of the training. */
export interface TrainingSettings {
  steps: number;
  /** Items of each domain in a batch. */
  batchSize: number;
  /** How often it is measured on the way. */
  measurements: number;
}

/** What came of a training. */
export interface MethodResult {
  target: Evaluation;
  source: Evaluation;
  untrained: number;
  history: History;
  /** At the end. */
  scores: ScoresWithoutLabels;
  /** Of the training alone. */
  processorSeconds: number;
  /** Features of the first test items of both domains. */
  features: { source: number[][]; target: number[][] };
}

/** Test items that features are taken of, for proxy A-distance and map. */
const featureRows = 400;
/** Items of each domain for the scores without labels. */
const scoreRows = 500;

/** Trains one method from a labelled source for an unlabelled target, and judges it on both. The model is for the caller to free. */
export async function trainMethod(
  method: Method,
  { source, target }: { source: Domain; target: Domain },
  { features, classes }: { features: Features; classes: number },
  { steps, batchSize, measurements }: TrainingSettings,
  { seed, shuffle, follow }: { seed: number; shuffle: boolean; follow: Followed },
): Promise<MethodResult & { model: DomainAdapter }> {
  const model = method.build({ features, classes, seed }, steps);
  const own = Array.from(source.train.labels);
  const labels = shuffle ? new Random(seed).fork('control').shuffle(own) : own;
  const order = new Random(seed).fork('target');
  const data = batchesOf(
    source.train.count,
    (rows, random): DomainBatch => ({
      source: source.train.inputs(rows, random),
      labels: labelTensor(labels, rows),
      ...(method.adapts
        ? {
            target: target.train.inputs(
              rows.map(() => order.integer(target.train.count)),
              random,
            ),
          }
        : {}),
    }),
    { batchSize, seed },
  );
  const accuracy = async (set: LabelledSet) => evaluateClassifier(model, inOrder(set));
  // The criteria look at held-out items of the source, and at items of the target without their labels.
  const criteria = () =>
    scoresWithoutLabels(model, {
      source: inOrder(source.test, scoreRows),
      target: inOrder(target.train, scoreRows),
    });
  const { accuracy: untrained } = await accuracy(target.test);
  const optimizer = adam({
    learningRate: 1e-3,
    beta1: 0.5,
    ...(method.domainRate === undefined
      ? {}
      : { groups: [{ match: /^domain\//, learningRateFactor: method.domainRate }] }),
  });
  const before = process.cpuUsage();
  const history = await trainToEnd(model, optimizer, data, {
    steps,
    ...follow,
    validateEverySteps: Math.max(1, Math.floor(steps / measurements)),
    validate: async () => {
      const rows = await featuresOf(model, source, target);
      const { distance } = await proxyADistance(rows.source, rows.target, { seed, steps: 100 });
      tf.dispose(rows);
      return {
        'proxy A-distance': distance,
        'target accuracy': (await accuracy(target.test)).accuracy,
        ...(await criteria()),
      };
    },
  });
  const { user, system } = process.cpuUsage(before);
  const rows = await featuresOf(model, source, target);
  const result = {
    model,
    target: await accuracy(target.test),
    source: await accuracy(source.test),
    untrained,
    history,
    scores: await criteria(),
    processorSeconds: (user + system) / 1e6,
    features: { source: await rows.source.array(), target: await rows.target.array() },
  };
  tf.dispose(rows);
  return result;
}

async function featuresOf(
  model: DomainAdapter,
  source: Domain,
  target: Domain,
): Promise<{ source: Tensor2D; target: Tensor2D }> {
  const of = ({ test }: Domain): Tensor2D => {
    const inputs = test.inputs(Array.from({ length: Math.min(featureRows, test.count) }, (_, row) => row));
    const rows = model.features(inputs);
    tf.dispose(inputs);
    return rows;
  };
  return { source: of(source), target: of(target) };
}
