import { CrossmodalError } from '@crossmodal/core';
import { averageScores, confusionMatrix } from '@crossmodal/core/metrics';
import type { Dataset } from '@crossmodal/core/step';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { DomainInputs } from './feature-extractor.js';

/** Items of one domain with their classes. */
export interface LabelledBatch {
  inputs: DomainInputs;
  /** [rows], int32 */
  labels: Tensor1D;
}

/** Anything that answers inputs with logits [rows, classes]. */
export interface Classifier {
  classify(inputs: DomainInputs): Tensor2D;
}

/** How well a classifier does on one domain. */
export interface Evaluation {
  accuracy: number;
  /** Mean over classes of F1. */
  macroF1: number;
  /** [true][predicted] */
  confusion: number[][];
  items: number;
}

/**
 * Accuracy, macro F1 and confusion matrix of a classifier on a labelled dataset.
 *
 * @throws CrossmodalError when the dataset is empty or a label is not a class
 *
 * @example
 * const { accuracy } = await evaluateClassifier(model, tensorDataset({ inputs, labels }, { batchSize: 100, shuffle: false }));
 */
export async function evaluateClassifier(model: Classifier, data: Dataset<LabelledBatch>): Promise<Evaluation> {
  const predicted: number[] = [];
  const labels: number[] = [];
  let classes = 0;
  for await (const batch of data.iterate(0)) {
    let answers: Tensor | undefined;
    try {
      answers = tf.tidy(() => {
        const logits = model.classify(batch.inputs);
        classes = logits.shape[1];
        return tf.argMax(logits, 1);
      });
      predicted.push(...(await answers.data()));
      labels.push(...(await batch.labels.data()));
    } finally {
      tf.dispose([answers ?? [], batch.labels]);
      tf.dispose(batch.inputs);
    }
  }
  if (labels.length === 0)
    throw new CrossmodalError('evaluateClassifier: the dataset must give at least one batch, got none');
  const confusion = confusionMatrix(predicted, labels, { classes });
  const right = confusion.reduce((sum, row, i) => sum + (row[i] as number), 0);
  return {
    accuracy: right / labels.length,
    macroF1: averageScores(confusion, 'macro').f1,
    confusion,
    items: labels.length,
  };
}

/**
 * The same on several domains, by name: for tables of source and target accuracies.
 *
 * @example
 * const { source, target } = await evaluateDomains(model, { source: sourceTest, target: targetTest });
 */
export async function evaluateDomains<Domain extends string>(
  model: Classifier,
  domains: Readonly<Record<Domain, Dataset<LabelledBatch>>>,
): Promise<Record<Domain, Evaluation>> {
  const results = {} as Record<Domain, Evaluation>;
  for (const name of Object.keys(domains) as Domain[]) results[name] = await evaluateClassifier(model, domains[name]);
  return results;
}

/**
 * The features of all items of a dataset, in its order; for `proxyADistance` and `domainPicture`.
 *
 * @returns [items, features]
 * @throws CrossmodalError when the dataset is empty
 */
export async function collectFeatures(
  model: { features(inputs: DomainInputs): Tensor2D },
  data: Dataset<{ inputs: DomainInputs }>,
): Promise<Tensor2D> {
  const parts: Tensor2D[] = [];
  try {
    for await (const batch of data.iterate(0)) {
      try {
        parts.push(model.features(batch.inputs));
      } finally {
        tf.dispose(batch as unknown as tf.TensorContainer);
      }
    }
    if (parts.length === 0)
      throw new CrossmodalError('collectFeatures: the dataset must give at least one batch, got none');
    return tf.tidy(() => tf.concat(parts, 0));
  } finally {
    tf.dispose(parts);
  }
}
