import { canonicalCorrelation } from '@crossmodal/alignment';
import type { Image } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { pixelFeatures, scaled, wordFeatures } from './features.js';

/** Pictures and texts in one space, by a closed form. */
export interface PixelRetrieval {
  /** [pictures, dimension] */
  embedPictures(images: readonly Image[]): Tensor2D;
  /** [texts, dimension] */
  embedTexts(texts: readonly string[]): Tensor2D;
  dispose(): void;
}

/**
 * Canonical correlation of a few pixels and frequent words, from real pictures and their captions: a retrieval model that
 * shares nothing with the networks, to judge what they draw.
 */
export async function pixelRetrieval(
  images: readonly Image[],
  captions: readonly string[],
  { side = 10, words = 400, dimension = 32 } = {}, // as in the comparison of hard and soft alignment
): Promise<PixelRetrieval> {
  const textsOf = wordFeatures(captions, words);
  const pixels = scaled(pixelFeatures(images, side));
  const bags = scaled(textsOf(captions));
  const size = Math.min(dimension, pixels.rows.shape[1], bags.rows.shape[1], images.length - 1);
  const map = await canonicalCorrelation(pixels.rows, bags.rows, { dimension: size, regularisation: 1 });
  tf.dispose([pixels.rows, bags.rows]);
  return {
    embedPictures: (pictures) => tf.tidy(() => map.embedA(pixels.scale(pixelFeatures(pictures, side)))),
    embedTexts: (texts) => tf.tidy(() => map.embedB(bags.scale(textsOf(texts)))),
    dispose() {
      map.dispose();
      pixels.dispose();
      bags.dispose();
    },
  };
}
