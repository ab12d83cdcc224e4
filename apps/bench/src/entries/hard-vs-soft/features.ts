import { wordTokenizer } from '@crossmodal/encoders-text';
import { type Image, resize } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The values of each picture at a few pixels a side: [pictures, side * side * 3]. */
export function pixelFeatures(images: readonly Image[], side: number): Tensor2D {
  return matrix(images.map((image) => resize(image, { height: side, width: side }).data));
}

/**
 * Bags of words: for each text and each of the most frequent words, log(texts / texts with the word) where it occurs
 * (inverse document frequency), rows of unit length.
 *
 * @param corpus texts that decide on the words and their weights
 */
export function wordFeatures(corpus: readonly string[], size: number): (texts: readonly string[]) => Tensor2D {
  const tokenizer = wordTokenizer({ corpus, maximumSize: size });
  const width = tokenizer.vocabularySize;
  const wordsOf = (text: string) => new Set(tokenizer.encode(text));
  const frequency = new Float64Array(width);
  for (const text of corpus) for (const word of wordsOf(text)) frequency[word]!++;
  return (texts) =>
    matrix(
      texts.map((text) => {
        const row = new Float32Array(width);
        for (const word of wordsOf(text)) row[word] = Math.log(corpus.length / Math.max(1, frequency[word]!));
        const length = Math.hypot(...row) || 1;
        return row.map((value) => value / length);
      }),
    );
}

/** Rows less their mean and by one common scale, so that their mean variance is 1, and the same change for other rows. */
export function scaled(features: Tensor2D): {
  rows: Tensor2D;
  scale: (others: Tensor2D) => Tensor2D;
  dispose: () => void;
} {
  const [mean, deviation] = tf.tidy(() => {
    const middle = tf.mean(features, 0);
    return [middle, tf.sqrt(tf.mean(tf.square(tf.sub(features, middle))))] as const;
  });
  const scale = (others: Tensor2D) => tf.tidy(() => tf.div(tf.sub(others, mean), deviation) as Tensor2D);
  const rows = scale(features);
  features.dispose();
  return { rows, scale, dispose: () => tf.dispose([mean, deviation]) };
}

/** Features of both sides of the split, changed as those of training ask for. */
export function standardise(train: Tensor2D, test: Tensor2D): { train: Tensor2D; test: Tensor2D } {
  const { rows, scale, dispose } = scaled(train);
  const standardised = { train: rows, test: scale(test) };
  dispose();
  test.dispose();
  return standardised;
}

function matrix(rows: readonly Float32Array[]): Tensor2D {
  const width = rows[0]!.length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    values.set(row, index * width);
  });
  return tf.tensor2d(values, [rows.length, width]);
}
