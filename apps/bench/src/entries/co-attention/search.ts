import { type RetrievalMetrics, scoreMetrics } from '@crossmodal/alignment';
import { type CoAttentionMatcher, type PlaceTable, rerank } from '@crossmodal/fusion';
import * as tf from '@tensorflow/tfjs-core';
import { type CaptionedPicture, uniqueCaptions } from './captions.js';

/** How many of the dual encoder's answers are sorted again. */
export const reranked = 50;

/** What is searched, and what fits what. */
export interface Gallery {
  images: CaptionedPicture['image'][];
  texts: string[];
  /** Whether text i describes picture j. */
  fits: (text: number, image: number) => boolean;
}

/** All test pictures, and each of their captions once. */
export function searchOf(test: readonly CaptionedPicture[]): Gallery {
  const texts = uniqueCaptions(test);
  const own = test.map(({ captions }) => new Set(captions));
  return { images: test.map(({ image }) => image), texts, fits: (text, image) => own[image]!.has(texts[text]!) };
}

/** Words to pictures, and back. */
export interface BothWays {
  textToImage: RetrievalMetrics;
  imageToText: RetrievalMetrics;
}

/** @param scores [texts, pictures] */
export async function bothWays(scores: tf.Tensor2D, { fits }: Gallery): Promise<BothWays> {
  const turned = tf.transpose(scores) as tf.Tensor2D;
  const metrics = {
    textToImage: await scoreMetrics(scores, { relevant: fits }),
    imageToText: await scoreMetrics(turned, { relevant: (image, text) => fits(text, image) }),
  };
  turned.dispose();
  return metrics;
}

/** Scores of all pairs, [texts, pictures], and the places they are made of. */
export async function matcherScores(
  matcher: CoAttentionMatcher,
  { images, texts }: Gallery,
): Promise<{ scores: tf.Tensor2D; image: PlaceTable; text: PlaceTable }> {
  const image = await matcher.encodeItems('image', images);
  const text = await matcher.encodeItems('text', texts);
  const parts: tf.Tensor2D[] = [];
  const part = 32; // texts at a time: all pairs of regions and words of a part are in memory
  for (let start = 0; start < texts.length; start += part) {
    const rows = Math.min(part, texts.length - start);
    const scored = tf.tidy(() =>
      tf.transpose(
        matcher.scores(image, {
          sequence: tf.slice(text.sequence, start, rows),
          mask: tf.slice(text.mask, start, rows),
        }),
      ),
    ) as tf.Tensor2D;
    await scored.data();
    parts.push(scored);
  }
  const scores = tf.tidy(() => tf.concat(parts, 0));
  tf.dispose(parts);
  return { scores, image, text };
}

/** The dual encoder's scores, where the first of each text are put into the matcher's order. */
export async function rerankedScores(
  matcher: CoAttentionMatcher,
  dualScores: tf.Tensor2D,
  { image, text }: { image: PlaceTable; text: PlaceTable },
): Promise<tf.Tensor2D> {
  const values = (await dualScores.array()) as number[][];
  const orders = values.map((row) => row.map((_, i) => i).sort((a, b) => row[b]! - row[a]! || a - b));
  const sorted = await rerank(
    orders.map((order) => order.slice(0, reranked)),
    text,
    image,
    (words, regions) => tf.transpose(matcher.scores(regions, words)) as tf.Tensor2D,
  );
  const ranks = orders.map((order, query) => {
    const row = new Array<number>(order.length);
    [...sorted[query]!, ...order.slice(reranked)].forEach((item, rank) => {
      row[item] = -rank;
    });
    return row;
  });
  return tf.tensor2d(ranks);
}
