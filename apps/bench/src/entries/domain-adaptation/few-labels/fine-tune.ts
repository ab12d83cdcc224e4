import { type DomainAdapter, evaluateClassifier, type LabelledBatch, unfrozen } from '@crossmodal/adaptation';
import { type NamedVariables, Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import { crossEntropy } from '@crossmodal/losses';
import * as tf from '@tensorflow/tfjs-core';
import { batchesOf } from '../../shared/batches.js';
import { inOrder, type LabelledSet, labelTensor, subset } from '../labelled-set.js';

export interface FineTuning {
  /** Only the label predictor is trained. */
  frozen: boolean;
  steps: number;
  seed: number;
}

/** Trains a model on a few labelled items, says how well it does on others, and puts its weights back. */
export async function fineTuned(
  model: DomainAdapter,
  few: LabelledSet,
  test: LabelledSet,
  { frozen, steps, seed }: FineTuning,
): Promise<number> {
  const before = new Map(Object.entries(model.namedVariables()).map(([name, value]) => [name, tf.clone(value)]));
  // The domain classifier has no part in this.
  const own = Object.fromEntries(
    Object.entries(model.namedVariables()).filter(([name]) => !name.startsWith('domain/')),
  );
  const variables: NamedVariables = frozen ? unfrozen(own, { frozen: ['features'] }) : own;
  const optimizer = adam({ learningRate: 1e-3 });
  const step = trainStep<LabelledBatch>(
    {
      loss: ({ inputs, labels }, { training = false } = {}) =>
        // Frozen features are those of use: normalised by the moving statistics.
        ({ loss: crossEntropy(model.predict(model.features(inputs, { training: training && !frozen })), labels) }),
      namedVariables: () => variables,
    },
    { optimizer },
  );
  try {
    const data = batchesOf(
      few.count,
      (rows): LabelledBatch => ({ inputs: few.inputs(rows), labels: labelTensor(few.labels, rows) }),
      { batchSize: Math.min(32, few.count), seed },
    );
    await fit(step, data, { steps, progress: false, recordEvery: steps });
    return (await evaluateClassifier(model, inOrder(test))).accuracy;
  } finally {
    step.dispose();
    optimizer.dispose();
    for (const [name, variable] of Object.entries(model.namedVariables())) {
      const value = before.get(name)!;
      variable.assign(value);
      value.dispose();
    }
  }
}

/** So many items of each class, drawn at random, as a set. */
export function drawFew(set: LabelledSet, perClass: number, seed: string): LabelledSet {
  const order = new Random(seed).fork('few labels').shuffle(Array.from({ length: set.count }, (_, row) => row));
  const taken = new Map<number, number>();
  const rows = order.filter((row) => {
    const label = set.labels[row] as number;
    const count = taken.get(label) ?? 0;
    taken.set(label, count + 1);
    return count < perClass;
  });
  return subset(set, rows);
}
