import { CrossmodalError, type Inputs, type Random, randomRemedy } from '@crossmodal/core';
import type { Image, ImageItem } from '../image.js';
import type { DecodeImageOptions } from '../load/decode-image.js';
import { checkDecoding } from '../load/decode-image.js';
import { loadImages } from '../load/load-images.js';
import type { NormalizeOptions } from '../transform/normalize.js';

/** How an encoder turns files into pixels: red, green, blue, normalised, by default to [-1, 1]. An exported model takes them so. */
export interface ImageEncoderOptions extends Omit<DecodeImageOptions, 'size'>, NormalizeOptions {
  /** Side of the square pictures, in pixels. */
  size: number;
  /** 3 for colour, 1 for grey. */
  inputChannels?: 1 | 3;
  /** Changes each picture of a training batch, before it is normalised. */
  augment?: (image: Image, random: Random) => Image;
}

/** `prepare` of an image encoder: decodes, augments when training, normalises. */
export function imagePreparation(where: string, { inputChannels = 3, augment, ...options }: ImageEncoderOptions) {
  checkDecoding(where, options);
  return async (
    items: readonly ImageItem[],
    { training = false, random }: { training?: boolean; random?: Random } = {},
  ): Promise<Inputs> => {
    let change: ((image: Image, index: number) => Image) | undefined;
    if (training && augment) {
      if (!random) {
        throw new CrossmodalError('prepare: augmentation needs options.random', {
          remedy: randomRemedy,
        });
      }
      // A stream per picture: what one draws does not depend on the order in which files arrive.
      const batch = random.fork(random.integer(2 ** 32));
      change = (image, index) => augment(image, batch.fork(index));
    }
    return { pixels: await loadImages(items, { ...options, channels: inputChannels, ...(change ? { change } : {}) }) };
  };
}
