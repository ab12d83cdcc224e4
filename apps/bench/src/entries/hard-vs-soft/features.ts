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

/** Features of both sides of the split with the mean of training taken away and one common scale: mean variance 1. */
export function standardise(train: Tensor2D, test: Tensor2D): { train: Tensor2D; test: Tensor2D } {
  const [scaledTrain, scaledTest] = tf.tidy(() => {
    const mean = tf.mean(train, 0);
    const centred = tf.sub(train, mean);
    const deviation = tf.sqrt(tf.mean(tf.square(centred)));
    return [tf.div(centred, deviation), tf.div(tf.sub(test, mean), deviation)] as [Tensor2D, Tensor2D];
  });
  tf.dispose([train, test]);
  return { train: scaledTrain, test: scaledTest };
}

function matrix(rows: readonly Float32Array[]): Tensor2D {
  const width = rows[0]!.length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    values.set(row, index * width);
  });
  return tf.tensor2d(values, [rows.length, width]);
}
