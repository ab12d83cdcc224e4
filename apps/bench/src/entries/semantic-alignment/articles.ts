import { canonicalCorrelation, dualEncoder, positivesFromDescriptions } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import type { HostArray } from '@crossmodal/core/data';
import { type PairedFeatures, wikipedia } from '@crossmodal/core/data/sets';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { linearEncoder } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import type { EntryContext } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import { type ByClass, byClass, type Method, type Positives, positiveKinds, positiveNames } from './measured.js';
import { classVectors } from './semantic-matching.js';

export interface ArticleSettings {
  dimension: number;
  epochs: number;
  batchSize: number;
  /** Articles of each part. */
  limit: number;
}

/** Of pairs of training articles at least this similar in their topics, 62 % are of one class. */
const threshold = 0.9;

/**
 * The Wikipedia set: features of a picture and topics of its article, in ten classes. Two linear maps are trained with pairs
 * alone, with articles of like topics and with classes as positives, beside canonical correlation in closed form.
 */
export async function alignArticles(context: EntryContext, own: ArticleSettings): Promise<Method[]> {
  const { train, test } = await wikipedia({ data: context.dataFolder });
  const parts = { train: rowsOf(train, own.limit), test: rowsOf(test, own.limit) };
  // Control: in training every picture has the article of another.
  if (context.shuffle) parts.train.image = new Random(context.seed).fork('control').shuffle(parts.train.image);
  const methods: Method[] = [await correlated(parts), await matchedByClass(parts)];
  for (const positives of positiveKinds) {
    methods.push({ name: positiveNames[positives], ...(await contrasted(context, own, parts, positives)) });
  }
  return methods;
}

interface Articles {
  image: Float32Array[];
  text: Float32Array[];
  labels: number[];
}

interface Parts {
  train: Articles;
  test: Articles;
}

/** As in the published baseline: the features as they are, seven canonical pairs, cosine. */
async function correlated({ train, test }: Parts): Promise<Method> {
  const matrices = [train.image, train.text, test.image, test.text].map(matrix) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const [image, text, testImage, testText] = matrices;
  const dimension = Math.min(7, text.shape[1]);
  const alignment = await canonicalCorrelation(image, text, { dimension, regularisation: 1e-4 });
  const trained = await byClass(alignment.embedA(testImage), alignment.embedB(testText), test.labels);
  alignment.dispose();
  tf.dispose(matrices);
  return {
    name: 'canonical correlation',
    untrained: null,
    trained,
    published: { imageToText: 0.249, textToImage: 0.196 }, // Rasiwasia et al. (2010)
  };
}

/** The published supervised baseline: a classifier of either side. */
async function matchedByClass({ train, test }: Parts): Promise<Method> {
  const classes = Math.max(...train.labels) + 1;
  const [image, text] = await Promise.all(
    (['image', 'text'] as const).map(async (modality) => {
      const scale = standardisation(train[modality]);
      const rows = { train: matrix(train[modality].map(scale)), test: matrix(test[modality].map(scale)) };
      const vectors = await classVectors({ ...rows, labels: train.labels }, classes);
      tf.dispose(rows);
      return vectors;
    }),
  );
  return {
    name: 'semantic matching',
    untrained: null,
    trained: await byClass(image!, text!, test.labels),
  };
}

async function contrasted(
  { seed, follow }: EntryContext,
  { dimension, epochs, batchSize }: ArticleSettings,
  { train, test }: Parts,
  positives: Positives,
): Promise<{ untrained: ByClass; trained: ByClass }> {
  const scale = { image: standardisation(train.image), text: standardisation(train.text) };
  const features = { image: train.image.map(scale.image), text: train.text.map(scale.text) };
  const encoders = {
    image: linearEncoder({ modality: 'image', features: features.image[0]!.length, dimension, seed }),
    text: linearEncoder({ modality: 'text', features: features.text[0]!.length, dimension, seed: seed + 1 }),
  };
  const model = dualEncoder({ encoders, unprojected: ['image', 'text'], dimension, seed });
  const data = batchesOf(
    train.labels.length,
    async (indices) => ({
      image: await encoders.image.prepare(indices.map((index) => features.image[index]!)),
      text: await encoders.text.prepare(indices.map((index) => features.text[index]!)),
      ...(positives === 'labels' && {
        groups: tf.tensor1d(
          indices.map((index) => train.labels[index]!),
          'int32',
        ),
      }),
      ...(positives === 'descriptions' && { positives: similarTopics(indices.map((index) => train.text[index]!)) }),
    }),
    { batchSize: Math.min(batchSize, train.labels.length), seed },
  );
  const measure = async () =>
    byClass(
      await model.embedItems('image', test.image.map(scale.image)),
      await model.embedItems('text', test.text.map(scale.text)),
      test.labels,
    );
  const untrained = await measure();
  const steps = epochs * data.batchesPerEpoch!;
  const optimizer = adamW({ learningRate: cosine({ from: 1e-2, steps }), weightDecay: 0.1 });
  await trainToEnd(model, optimizer, data, { epochs, ...follow(`articles, ${positiveNames[positives]}`, steps) });
  const trained = await measure();
  model.dispose();
  return { untrained, trained };
}

function similarTopics(topics: readonly Float32Array[]): tf.Tensor2D {
  return tf.tidy(() => positivesFromDescriptions(matrix(topics), { threshold }));
}

function rowsOf({ image, text, labels }: PairedFeatures, limit: number): Articles {
  return {
    image: rows(image).slice(0, limit),
    text: rows(text).slice(0, limit),
    labels: Array.from(labels).slice(0, limit),
  };
}

function rows({ data, shape }: HostArray): Float32Array[] {
  const [count, width] = shape as [number, number];
  return Array.from({ length: count }, (_, row) => Float32Array.from(data.subarray(row * width, (row + 1) * width)));
}

function matrix(list: readonly Float32Array[]): tf.Tensor2D {
  return tf.tensor2d(list.map((row) => Array.from(row)));
}

/** The change that gives the columns of these rows mean 0 and deviation 1. */
function standardisation(list: readonly Float32Array[]): (row: Float32Array) => Float32Array {
  const width = list[0]!.length;
  const columns = Array.from({ length: width }, (_, column) => {
    const mean = list.reduce((sum, row) => sum + row[column]!, 0) / list.length;
    const variance = list.reduce((sum, row) => sum + (row[column]! - mean) ** 2, 0) / list.length;
    return { mean, deviation: Math.sqrt(variance + 1e-12) };
  });
  return (row) => row.map((value, column) => (value - columns[column]!.mean) / columns[column]!.deviation);
}
