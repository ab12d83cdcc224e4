import { type MultimodalAutoencoder, type RetrievalMetrics, retrievalMetrics } from '@crossmodal/alignment';
import type { VocabularyTokenizer } from '@crossmodal/encoders-text';
import type { Image } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { imagesOf } from '../shared/images.js';
import { cutOffsFor } from '../shared/retrieval.js';
import type { Encoders } from './model.js';
import type { DescribedPicture } from './pairs.js';

type Modality = 'image' | 'text';
type Model = MultimodalAutoencoder<Modality>;

export interface Found {
  textToImage: RetrievalMetrics;
  imageToText: RetrievalMetrics;
}

/** Search in both directions; texts that repeat are right for each other's pictures. */
export async function found(
  embedItems: (modality: Modality, items: readonly unknown[]) => Promise<tf.Tensor2D>,
  test: readonly DescribedPicture[],
): Promise<Found> {
  const texts = test.map(({ captions }) => captions[0]!);
  const image = await embedItems(
    'image',
    test.map((picture) => picture.image),
  );
  const text = await embedItems('text', texts);
  const options = { relevant: { queries: texts, gallery: texts }, k: cutOffsFor(test.length) };
  const metrics = {
    textToImage: await retrievalMetrics(text, image, options),
    imageToText: await retrievalMetrics(image, text, options),
  };
  tf.dispose([image, text]);
  return metrics;
}

/** Pictures from 0 to 1 as the model makes them of one modality. */
export async function picturesFrom(
  model: Model,
  { image, text }: Encoders,
  items: readonly DescribedPicture[],
  from: Modality,
): Promise<Image[]> {
  const made: Image[] = [];
  for (const part of parts(items)) {
    const inputs =
      from === 'image'
        ? { image: await image.prepare(part.map((picture) => picture.image)) }
        : { text: await text.prepare(part.map(({ captions }) => captions[0]!)) };
    const pixels = tf.tidy(
      () => tf.clipByValue(tf.add(tf.mul(model.reconstruct(inputs, { to: 'image' }), 0.5), 0.5), 0, 1) as tf.Tensor4D,
    );
    made.push(...(await imagesOf(pixels)));
    tf.dispose([pixels, inputs as tf.TensorContainer]);
  }
  return made;
}

/** Numbers of words, place by place, as the model says them of one modality. */
export async function wordsFrom(
  model: Model,
  { image, text }: Encoders,
  items: readonly DescribedPicture[],
  from: Modality,
): Promise<number[][]> {
  const said: number[][] = [];
  for (const part of parts(items)) {
    const inputs =
      from === 'image'
        ? { image: await image.prepare(part.map((picture) => picture.image)) }
        : { text: await text.prepare(part.map(({ captions }) => captions[0]!)) };
    const ids = tf.tidy(() => tf.argMax(model.reconstruct(inputs, { to: 'text' }), 2) as tf.Tensor2D);
    said.push(...((await ids.array()) as number[][]));
    tf.dispose([ids, inputs as tf.TensorContainer]);
  }
  return said;
}

/** What is said up to the end mark. */
export function sentence(ids: readonly number[], tokenizer: VocabularyTokenizer): string {
  const end = ids.indexOf(tokenizer.endId);
  return tokenizer.decode(end < 0 ? ids : ids.slice(0, end));
}

/** Mean squared difference of values from 0 to 1. */
export function pictureError(made: readonly Image[], items: readonly DescribedPicture[]): number {
  const errors = items.map(({ image }, i) => {
    const other = made[i]!.data;
    return image.data.reduce((sum, value, at) => sum + (value - other[at]!) ** 2, 0) / image.data.length;
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

/** The mean of pictures: what can be drawn without knowing anything. */
export function meanPicture(items: readonly DescribedPicture[]): Image {
  const { shape } = items[0]!.image;
  const data = new Float32Array(items[0]!.image.data.length);
  for (const { image } of items)
    image.data.forEach((value, at) => {
      data[at]! += value / items.length;
    });
  return { data, shape };
}

/** The share of the words of texts, of those in the vocabulary, that are said at their place. */
export function wordsRight(
  said: readonly (readonly number[])[],
  items: readonly DescribedPicture[],
  tokenizer: VocabularyTokenizer,
  length: number,
): number {
  let words = 0;
  let right = 0;
  items.forEach(({ captions }, i) => {
    tokenizer.encode(captions[0]!, { maximumLength: length }).forEach((id, place) => {
      if ([tokenizer.unknownId, tokenizer.beginId, tokenizer.endId].includes(id)) return;
      words++;
      if (said[i]![place] === id) right++;
    });
  });
  return right / Math.max(1, words);
}

/** The most frequent word of each place, which is what can be said without looking. */
export function frequentWords(
  items: readonly DescribedPicture[],
  tokenizer: VocabularyTokenizer,
  length: number,
): number[] {
  const counts = Array.from({ length }, () => new Map<number, number>());
  for (const text of items.flatMap(({ captions }) => captions)) {
    tokenizer.encode(text, { maximumLength: length }).forEach((id, place) => {
      if ([tokenizer.unknownId, tokenizer.beginId, tokenizer.endId].includes(id)) return;
      counts[place]!.set(id, (counts[place]!.get(id) ?? 0) + 1);
    });
  }
  return counts.map((place) => [...place].reduce((best, next) => (next[1] > best[1] ? next : best), [-1, 0])[0]!);
}

function parts<T>(items: readonly T[], size = 64): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
