import { assertKnownOptions } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/step';
import * as tf from '@tensorflow/tfjs-core';
import { type DensityRatiosOptions, densityRatios } from './density-ratios.js';
import type { DomainAdapter } from './domain-adapter.js';
import { collectFeatures, type LabelledBatch } from './evaluate.js';
import type { DomainInputs } from './feature-extractor.js';
import { importanceWeightedRisk } from './importance-weighted-risk.js';
import { predictionEntropy } from './prediction-entropy.js';
import { softNeighbourhoodDensity } from './soft-neighbourhood-density.js';

/** What can be known of a model on a target without its labels; see the functions of these names. */
export type ScoresWithoutLabels = {
  /** Share of right answers on the held-out source; higher is better, necessary, and says nothing of the target. */
  sourceAccuracy: number;
  /** Higher is better. */
  softNeighbourhoodDensity: number;
  /** Nats; lower is better. */
  entropy: number;
  /** Nats; higher is better. */
  information: number;
  /** Share of wrong answers expected on the target; lower is better. */
  importanceWeightedRisk: number;
};

/** Held-out data. */
export interface HeldOutDomains {
  /** Labelled items of the source. */
  source: Dataset<LabelledBatch>;
  /** Items of the target; their labels, if they have any, are not looked at. */
  target: Dataset<{ inputs: DomainInputs }>;
}

/**
 * The criteria for choosing among models, strengths of adaptation or checkpoints when the target has no labels; as the `validate`
 * of `fit`, with `earlyStopping` on one of them, training stops by it.
 *
 * @throws CrossmodalError when a dataset is empty or too small
 *
 * @example
 * await fit(step, data, {
 *   epochs: 20,
 *   validate: () => scoresWithoutLabels(model, { source: heldOutPhotos, target: heldOutDrawings }),
 *   earlyStopping: { metric: 'information', better: 'higher', patience: 3, restoreBest: true },
 * });
 */
export async function scoresWithoutLabels(
  model: Pick<DomainAdapter, 'features' | 'predict'>,
  { source, target }: HeldOutDomains,
  options: DensityRatiosOptions = {},
): Promise<ScoresWithoutLabels> {
  assertKnownOptions('scoresWithoutLabels', options, ['seed', 'steps', 'learningRate', 'regularisation']);
  const labels: number[] = [];
  const withLabels: Dataset<{ inputs: DomainInputs }> = {
    batchesPerEpoch: source.batchesPerEpoch,
    async *iterate(epoch) {
      for await (const { inputs, labels: own } of source.iterate(epoch)) {
        labels.push(...(await own.data()));
        own.dispose();
        yield { inputs };
      }
    },
  };
  const ofSource = await collectFeatures(model, withLabels);
  try {
    const ofTarget = await collectFeatures(model, target);
    try {
      const weights = await densityRatios(ofSource, ofTarget, options);
      const values = tf.tidy(() => {
        const logits = model.predict(ofTarget);
        const { entropy, information } = predictionEntropy(logits);
        return {
          predicted: tf.argMax(model.predict(ofSource), 1),
          scores: tf.stack([softNeighbourhoodDensity(logits), entropy, information]),
        };
      });
      const predicted = await values.predicted.data();
      const [density, entropy, information] = (await values.scores.data()) as unknown as [number, number, number];
      tf.dispose(values);
      const losses = labels.map((label, i) => Number(label !== predicted[i]));
      return {
        sourceAccuracy: 1 - losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
        softNeighbourhoodDensity: density,
        entropy,
        information,
        importanceWeightedRisk: importanceWeightedRisk(losses, weights),
      };
    } finally {
      ofTarget.dispose();
    }
  } finally {
    ofSource.dispose();
  }
}
