import { type DomainAdapter, dan, dann, sourceOnly } from '@crossmodal/adaptation';
import type { Encoder, Inputs, Random } from '@crossmodal/core';
import { confusionMatrix } from '@crossmodal/core/metrics';
import { adamW, type RuleOptimizer } from '@crossmodal/core/optimisers';
import { cosine, dannAnnealing, linearWarmup } from '@crossmodal/core/schedules';
import type { History } from '@crossmodal/core/train';
import { convolutionalEncoder, type Image, type ImageItem } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { groupNames } from '../shared/groups.js';
import { shifted } from '../shared/images.js';
import { trainToEnd } from '../shared/train.js';

/** Pictures and their classes. */
export interface Labelled {
  images: Image[];
  labels: number[];
}

/** Size of the model and length of the training. */
export interface ClassifierSettings {
  size: number;
  channels: number[];
  dimension: number;
  steps: number;
  batchSize: number;
}

/** A classifier and the encoder that prepares pictures for it. */
export interface Classifier {
  model: DomainAdapter;
  encoder: Encoder<ImageItem>;
}

type Batch = { source: Inputs; labels: tf.Tensor1D; target?: Inputs };

/** Nothing, gradient reversal, or features made alike by their maximum mean discrepancy. */
export type Adaptation = 'none' | 'reversal' | 'discrepancy';

/** The encoder, and what else all methods take. */
export function classifierParts(
  { size, channels, dimension }: Pick<ClassifierSettings, 'size' | 'channels' | 'dimension'>,
  seed: number,
) {
  const encoder = convolutionalEncoder({ size, channels, dimension, dropout: 0.2, seed, augment: shifted });
  return { encoder, classes: groupNames.length, hidden: [64], seed };
}

/** A convolutional classifier, with or without a term that adapts it to a target domain. */
export function buildClassifier(
  { size, channels, dimension, steps }: ClassifierSettings,
  { seed, adaptation }: { seed: number; adaptation: Adaptation },
): Classifier {
  const { encoder, ...others } = classifierParts({ size, channels, dimension }, seed);
  const options = { features: encoder, ...others };
  const strength = dannAnnealing({ steps });
  const models = {
    none: () => sourceOnly(options),
    // Confusion did not help here (three seeds: .372 with it, .387 without).
    reversal: () => dann({ ...options, domainHidden: [64], lambda: strength, confusion: 0 }),
    discrepancy: () => dan({ ...options, weight: strength }),
  };
  return { model: models[adaptation](), encoder };
}

/** Trains on labelled pictures of one domain and, when adapting, pictures without labels of another. */
export async function trainClassifier(
  { model, encoder }: Classifier,
  source: Labelled,
  target: readonly Image[] | undefined,
  { steps, batchSize }: ClassifierSettings,
  { seed, follow }: { seed: number; follow: Followed },
): Promise<History> {
  const make = async (indices: number[], random: Random): Promise<Batch> => {
    const prepare = (images: readonly Image[], name: string) =>
      encoder.prepare(images, { training: true, random: random.fork(name) });
    const batch: Batch = {
      source: await prepare(
        indices.map((index) => source.images[index]!),
        'source',
      ),
      labels: tf.tensor1d(
        indices.map((index) => source.labels[index]!),
        'int32',
      ),
    };
    if (target) {
      const drawn = indices.map(() => target[random.integer(target.length)]!);
      batch.target = await prepare(drawn, 'target');
    }
    return batch;
  };
  const data = batchesOf(source.images.length, make, { batchSize, seed });
  return trainToEnd(model, classifierOptimizer(steps), data, { steps, ...follow });
}

/** What trains it, and its adaptation. */
export function classifierOptimizer(steps: number): RuleOptimizer {
  return adamW({
    learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) }),
    weightDecay: 1e-3,
    // Radford et al. (2016). With Adam's own 0.9 the features and the domain classifier chase one another, the domain loss
    // rises far above log 2, and the adapted classifier ends below the one that never saw a line drawing.
    beta1: 0.5,
  });
}

/** What the classifier makes of pictures: counts by class, and the features. */
export async function judge(
  { model, encoder }: Classifier,
  { images, labels }: Labelled,
): Promise<{ counts: number[][]; accuracy: number; features: tf.Tensor2D }> {
  const predicted: number[] = [];
  const parts: tf.Tensor2D[] = [];
  for (let start = 0; start < images.length; start += 128) {
    const inputs = await encoder.prepare(images.slice(start, start + 128));
    const [features, classes] = tf.tidy(() => {
      const rows = model.features(inputs);
      return [rows, tf.argMax(model.predict(rows), 1)] as const;
    });
    predicted.push(...(await classes.data()));
    parts.push(features);
    tf.dispose([inputs, classes]);
  }
  const features = tf.concat2d(parts, 0);
  tf.dispose(parts);
  const counts = confusionMatrix(predicted, labels, { classes: groupNames.length });
  const right = counts.reduce((sum, row, index) => sum + row[index]!, 0);
  return { counts, accuracy: right / labels.length, features };
}
