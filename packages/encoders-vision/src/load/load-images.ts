import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type BytePixels, checkPixels, type Image, type ImageItem, toImage } from '../image.js';
import { grayscale } from '../transform/colour.js';
import { fitInto } from '../transform/fit.js';
import { type NormalizeOptions, normalizer } from '../transform/normalize.js';
import { checkDecoding, type DecodeImageOptions, decodeImage } from './decode-image.js';

export interface LoadImageOptions extends DecodeImageOptions, NormalizeOptions {
  /** 3 for colour, 1 for grey. */
  channels?: 1 | 3;
  /** Changes each picture before it is normalised: augmentation. */
  change?: (image: Image, index: number) => Image;
}

/** Pictures under way at a time: sharp works on four threads, and a few more keep them busy. */
const concurrency = 8;

/**
 * Decodes pictures, brings them to one size and normalises them: (v - mean) / standardDeviation per channel.
 *
 * @param items paths, bytes of files, or pixels; at least one
 * @param options.size needed unless all pictures have the same size
 * @returns [items, height, width, channels], float32
 * @throws CrossmodalError naming the first file that cannot be read, or when the pictures differ in size
 * @example
 * const pixels = await loadImages(['cat.jpg', 'dog.png'], { size: 64 });
 */
export async function loadImages(items: readonly ImageItem[], options: LoadImageOptions = {}): Promise<Tensor4D> {
  assertKnownOptions('loadImages', options, [
    'channels',
    'change',
    'size',
    'fit',
    'background',
    'kernel',
    'mean',
    'standardDeviation',
  ]);

  if (items.length === 0) throw new CrossmodalError('loadImages: items must hold at least one picture, got none');
  checkDecoding('loadImages', options);
  const images = await mapConcurrently(items, (item, index) => loadImage(item, index, options), { concurrency });
  const { shape } = images[0]!;
  const size = images[0]!.data.length;
  const data = new Float32Array(images.length * size);
  const normalizeInto = normalizer(shape[2], options);
  images.forEach((image, i) => {
    if (image.shape.join() !== shape.join()) {
      throw new CrossmodalError(
        `loadImages: pictures must have one shape, got [${shape}] for the first and [${image.shape}] for number ${i + 1}`,
        { remedy: 'give a size' },
      );
    }
    normalizeInto(data, i * size, image.data);
  });
  return tf.tensor4d(data, [images.length, ...shape]);
}

/** A picture of the size, channels and changes that are asked for; bytes where nothing needs more. */
async function loadImage(
  item: ImageItem,
  index: number,
  { channels = 3, change, mean: _, standardDeviation: __, ...decoding }: LoadImageOptions,
): Promise<Image | BytePixels> {
  const raw = typeof item === 'string' || item instanceof Uint8Array;
  const pixels = raw ? await decodeImage(item, decoding) : item;
  const { size, fit, kernel } = decoding;
  const [height, width] = typeof size === 'number' ? [size, size] : (size ?? pixels.shape);
  const fitted = pixels.shape[0] === height && pixels.shape[1] === width;
  if (pixels.data instanceof Uint8Array && fitted && pixels.shape[2] === channels && !change) {
    return checkPixels(pixels) as BytePixels;
  }
  let image = toImage(pixels);
  if (!fitted) {
    image = fitInto(image, { height: height!, width: width!, fit, kernel, fill: [1] }); // pixels have no colour of their own: white
  }
  if (image.shape[2] !== channels) image = channels === 1 ? grayscale(image, { channels: 1 }) : coloured(image);
  return change ? change(image, index) : image;
}

function coloured({ data, shape: [height, width, channels] }: Image): Image {
  const out = new Float32Array(height * width * 3);
  for (let i = 0; i < out.length; i++) out[i] = data[Math.floor(i / 3) * channels]!;
  return { data: out, shape: [height, width, 3] };
}
