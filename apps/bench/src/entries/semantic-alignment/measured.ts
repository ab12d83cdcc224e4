import { type RetrievalMetrics, retrievalMetrics } from '@crossmodal/alignment';
import * as tf from '@tensorflow/tfjs-core';
import type { Row } from '../entry.js';

/** Retrieval by class in both directions. */
export interface ByClass {
  textToImage: RetrievalMetrics;
  imageToText: RetrievalMetrics;
}

/** What decided in training which rows of a batch are positive for each other. */
export const positiveNames = {
  pairs: 'pairs alone',
  descriptions: 'descriptions as positives',
  labels: 'labels as positives',
} as const;

export type Positives = keyof typeof positiveNames;

export const positiveKinds = Object.keys(positiveNames) as Positives[];

/** One model: what it was called, and how it searched before and after training. */
export interface Method {
  name: string;
  untrained: ByClass | null;
  trained: ByClass;
  published?: { imageToText: number; textToImage: number };
}

/**
 * How well items find those of their class in the other modality; frees the rows.
 *
 * @param labels of row i of both modalities
 */
export async function byClass(image: tf.Tensor2D, text: tf.Tensor2D, labels: ArrayLike<number>): Promise<ByClass> {
  const relevant = { queries: labels, gallery: labels };
  const metrics = {
    textToImage: await retrievalMetrics(text, image, { relevant }),
    imageToText: await retrievalMetrics(image, text, { relevant }),
  };
  tf.dispose([image, text]);
  return metrics;
}

/** Mean average precision of both directions as rows of the result table. */
export function precisionRows(where: string, methods: readonly Method[]): Row[] {
  return methods.flatMap(({ name, untrained, trained, published }) =>
    (['imageToText', 'textToImage'] as const).map(
      (direction): Row => ({
        metric: `mAP by class, ${where}, ${direction === 'imageToText' ? 'picture to text' : 'text to picture'}: ${name}`,
        better: 'higher',
        chance: trained[direction].chance.meanAveragePrecision,
        untrained: untrained?.[direction].meanAveragePrecision ?? null,
        value: trained[direction].meanAveragePrecision,
        published: published?.[direction] ?? null,
      }),
    ),
  );
}
