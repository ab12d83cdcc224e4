import {
  CrossmodalError,
  type Inputs,
  isTraining,
  type Preprocessing,
  type Random,
  randomRemedy,
} from '@crossmodal/core';
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

/** PIL's numbers of its kernels, which preprocessor_config.json files use. */
const resample = { nearest: 0, lanczos: 1, bilinear: 2, bicubic: 3 } as const;

/** What `imagePreparation` does, in the words of Hugging Face's preprocessor_config.json and what those leave open. */
export function imagePreprocessing({
  size,
  inputChannels = 3,
  fit = 'cover',
  background = 'white',
  kernel = 'bicubic',
  mean = 0.5,
  standardDeviation = 0.5,
}: ImageEncoderOptions): Preprocessing {
  const list = (value: number | readonly number[]) =>
    typeof value === 'number' ? new Array<number>(inputChannels).fill(value) : [...value];
  return {
    facts: {
      modality: 'image',
      ...{ do_resize: true, size: { height: size, width: size }, resample: resample[kernel], kernel, fit, background },
      ...{ do_rescale: true, rescale_factor: 1 / 255 },
      ...{ do_normalize: true, image_mean: list(mean), image_std: list(standardDeviation) },
      ...pixelFacts({
        channels: inputChannels,
        scale: 1 / 255,
        offset: 0,
        mean: list(mean),
        deviation: list(standardDeviation),
      }),
    },
  };
}

/** Order of axes and colours, and the values of the darkest and the brightest pixel. */
export function pixelFacts({
  channels,
  scale,
  offset,
  mean,
  deviation,
}: {
  channels: number;
  scale: number;
  offset: number;
  mean: readonly number[];
  deviation: readonly number[];
}): Record<string, unknown> {
  const at = (byte: number) =>
    mean.map((value, i) => Number(((byte * scale + offset - value) / deviation[i]!).toFixed(6)));
  return {
    layout: 'NHWC',
    colours: channels === 1 ? 'grey' : 'RGB',
    formula: `(byte * ${scale}${offset === 0 ? '' : ` + ${offset}`} - mean) / deviation`,
    range: { low: at(0), high: at(255) },
  };
}

/** `prepare` of an image encoder: decodes, augments when training, normalises. */
export function imagePreparation(where: string, { inputChannels = 3, augment, ...options }: ImageEncoderOptions) {
  checkDecoding(where, options);
  return async (
    items: readonly ImageItem[],
    { random, ...rest }: { training?: boolean; random?: Random } = {},
  ): Promise<Inputs> => {
    const training = isTraining('prepare', rest);
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
